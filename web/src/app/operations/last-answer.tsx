"use client";

import type { ReactNode } from "react";
import { common } from "@/components/messages";
import { Commands } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import type { Polled } from "./use-polled";

interface LastAnswerProps {
  answer: Pick<Polled<unknown>, "error" | "answeredAt">;
  children: ReactNode;
  /** What it shows reaches the edges of its card. */
  flush?: boolean;
}

/** What was answered last; where nothing is any more, since when, and why. */
export function LastAnswer({ answer, children, flush }: LastAnswerProps) {
  const text = useMessages(texts);
  const shared = useMessages(common);
  const format = useFormat();
  const { error, answeredAt } = answer;
  const away = error?.status === 0;
  const hint = away ? shared.unreachableHint : error?.hint;
  return (
    <>
      {error && (
        <div role="alert" className={`mb-4 rounded-lg bg-bad-soft px-4 py-2.5 text-sm text-bad ${flush ? "mx-5" : ""}`}>
          <p className="font-medium">{text.notAnswered(format.time(answeredAt))}</p>
          <p>
            {away ? shared.unreachable : error.message}. {hint && <Commands text={hint} />}
          </p>
        </div>
      )}
      <div className={error ? "opacity-50" : ""}>{children}</div>
    </>
  );
}
