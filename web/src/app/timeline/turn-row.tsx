"use client";

import Link from "next/link";
import { sessionAddress } from "@/address/pages";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import { segmentsOf, shareOf, type Step, type TurnOfSteps } from "./turns";

interface TurnRowProps {
  of: TurnOfSteps;
  session: string;
  /** Of all turns, milliseconds. */
  longest: number;
}

/** A pause that is worth a word. */
const LONG_WAIT = 60_000;

/** A turn as a bar of what models and tools took; opened, step by step. */
export function TurnRow({ of, session, longest }: TurnRowProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const { turn, steps } = of;
  const length = Date.parse(turn.end) - Date.parse(turn.begin);
  return (
    <li>
      {turn.wait !== null && turn.wait >= LONG_WAIT && (
        <p className="bg-sunken/60 px-5 py-1 text-xs text-muted">{text.waited(format.duration(turn.wait))}</p>
      )}
      <details className="group">
        <summary className="grid list-none grid-cols-[5.5rem_minmax(0,1fr)_4.5rem] items-center gap-3 px-5 py-2.5 text-sm hover:bg-sunken/50">
          <time dateTime={turn.begin} title={format.exact(turn.begin)} className="text-muted tabular-nums">
            {format.time(turn.begin)}
          </time>
          <span className="min-w-0">
            <Bar of={of} longest={longest} />
            <span className="mt-1 block truncate text-xs text-muted">
              {text.turn(format.number(turn.model_calls), format.number(turn.tool_calls))}
              {turn.errors > 0 && <span className="text-bad"> · {text.failed(format.number(turn.errors))}</span>}
            </span>
          </span>
          <span className="text-right tabular-nums">{format.duration(length)}</span>
        </summary>
        <ol className="border-t border-line bg-canvas px-5 py-2 text-sm" aria-label={text.steps}>
          {steps.map((step, place) => (
            <StepLine key={place} step={step} session={session} begin={Date.parse(turn.begin)} />
          ))}
        </ol>
      </details>
    </li>
  );
}

/** Models above, tools below: they take turns, and tools may run side by side. */
function Bar({ of, longest }: { of: TurnOfSteps; longest: number }) {
  return (
    <span aria-hidden className="relative block h-4 overflow-hidden rounded bg-sunken" style={{ width: `${shareOf(of.turn, longest) * 100}%` }}>
      {segmentsOf(of).map(({ step, left, width }, place) => (
        <span
          key={place}
          className={`absolute h-2 min-w-[2px] ${step.kind === "model" ? "top-0 bg-series-1" : "top-2 bg-series-2"} ${step.failed ? "bg-bad" : ""}`}
          style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
        />
      ))}
    </span>
  );
}

const DOTS: Record<Step["kind"], string> = {
  person: "bg-accent",
  model: "bg-series-1",
  tool: "bg-series-2",
  other: "bg-line-strong",
};

function StepLine({ step, session, begin }: { step: Step; session: string; begin: number }) {
  const text = useMessages(texts);
  const format = useFormat();
  const took = step.end === null ? null : Date.parse(step.end) - Date.parse(step.begin);
  const name = step.kind === "person" || step.kind === "other" ? text.kinds[step.kind] : step.name;
  return (
    <li className="grid grid-cols-[4.5rem_minmax(0,1fr)_auto] items-baseline gap-3 py-1">
      <span className="text-xs text-muted tabular-nums">+{format.duration(Date.parse(step.begin) - begin)}</span>
      <span className="flex min-w-0 items-baseline gap-2">
        <span aria-hidden className={`size-2 shrink-0 rounded-full ${step.failed ? "bg-bad" : DOTS[step.kind]}`} />
        {step.entry_id ? (
          <Link href={sessionAddress(session, step.entry_id)} className="truncate hover:text-accent hover:underline">
            {name}
          </Link>
        ) : (
          <span className="truncate">{name}</span>
        )}
        {step.failed && <span className="text-xs text-bad">{text.error}</span>}
        {step.tokens > 0 && <span className="text-xs whitespace-nowrap text-muted">{text.tokens(format.compact(step.tokens))}</span>}
      </span>
      <span className="text-right text-muted tabular-nums">
        {took === null ? text.pending : step.kind === "person" || step.kind === "other" ? "" : format.duration(took)}
      </span>
    </li>
  );
}
