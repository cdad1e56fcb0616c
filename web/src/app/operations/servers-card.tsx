"use client";

import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Commands, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { LastAnswer } from "./last-answer";
import { texts } from "./messages";
import type { Polled } from "./use-polled";

const ICONS = {
  ok: { Icon: CircleCheck, look: "text-good" },
  warning: { Icon: TriangleAlert, look: "text-warn" },
  wrong: { Icon: CircleAlert, look: "text-bad" },
};

/** Whether everything answers that the workers need. */
export function ServersCard({ answer }: { answer: Polled<Answer<"/v1/servers">> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { data, error, mutate } = answer;
  return (
    <Card title={text.servers} note={text.serversNote}>
      {error && !data ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : !data ? (
        <Loading />
      ) : (
        <LastAnswer answer={answer}>
          <ul className="grid gap-x-8 gap-y-4 text-sm sm:grid-cols-2 xl:grid-cols-4">
            {data.findings.map((finding) => {
              const { Icon, look } = ICONS[finding.level];
              return (
                <li key={finding.check} className="flex gap-2.5">
                  <Icon role="img" aria-label={text.levels[finding.level]} className={`mt-0.5 size-4 shrink-0 ${look}`} />
                  <div className="min-w-0">
                    <p className="font-medium">{text.checks[finding.check] ?? finding.check}</p>
                    <p className="break-words text-muted">{text.findings[finding.code]?.(finding.facts, format) ?? finding.found}</p>
                    {finding.mend && (
                      <p className="break-words text-muted">
                        <Commands text={`\`${finding.mend}\``} />
                      </p>
                    )}
                  </div>
                </li>
              );
            })}
          </ul>
        </LastAnswer>
      )}
    </Card>
  );
}
