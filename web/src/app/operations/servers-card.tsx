"use client";

import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { Commands, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

const ICONS = {
  ok: { Icon: CircleCheck, look: "text-good" },
  warning: { Icon: TriangleAlert, look: "text-warn" },
  wrong: { Icon: CircleAlert, look: "text-bad" },
};

/** Whether everything answers that the workers need. */
export function ServersCard({ className }: { className?: string }) {
  const text = useMessages(texts);
  const { data, error, mutate } = useApi("/v1/servers", {}, { refreshInterval: 15_000, keepPreviousData: true });
  return (
    <Card title={text.servers} className={className}>
      {error && !data ? (
        <Failed error={error} retry={() => void mutate()} />
      ) : !data ? (
        <Loading className="h-72" />
      ) : (
        <ul className="flex flex-col gap-3 text-sm">
          {data.findings.map((finding) => {
            const { Icon, look } = ICONS[finding.level];
            return (
              <li key={finding.check} className="flex gap-2.5">
                <Icon role="img" aria-label={text.levels[finding.level]} className={`mt-0.5 size-4 shrink-0 ${look}`} />
                <div className="min-w-0">
                  <p className="font-medium">{text.checks[finding.check] ?? finding.check}</p>
                  <p className="break-words text-muted">{finding.found}</p>
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
      )}
    </Card>
  );
}
