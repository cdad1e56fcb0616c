import type { ReactNode } from "react";

const LOOKS = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  plain: "bg-sunken text-muted",
};

/** A state in a word. */
export function Badge({ look = "plain", children }: { look?: keyof typeof LOOKS; children: ReactNode }) {
  return <span className={`inline-block rounded-md px-1.5 py-0.5 text-xs font-medium whitespace-nowrap ${LOOKS[look]}`}>{children}</span>;
}
