"use client";

import { useRouter } from "next/navigation";
import { useMemo } from "react";
import { addressOf } from "@/address/use-address";
import { hourNames } from "@/analysis/axis";
import { useNameOf } from "@/components/session-name";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { atOnce, lanesOf } from "./lanes";
import type { Stretch } from "./lanes";
import { texts } from "./messages";

interface DayChartProps {
  stretches: readonly Stretch[];
  begin: number;
  end: number;
}

const NAMED = [0, 3, 6, 9, 12, 15, 18, 21];
/** Of ten minutes each. */
const PARTS = 144;

/** Rows of bars over a day, those of an agent together, and above them how many there are at once. */
export function DayChart({ stretches, begin, end }: DayChartProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const nameOf = useNameOf();
  const router = useRouter();
  const lanes = useMemo(() => lanesOf(stretches), [stretches]);
  const counts = useMemo(() => atOnce(stretches, begin, end, PARTS), [stretches, begin, end]);
  const most = Math.max(1, ...counts);
  const hour = hourNames(format.locale);
  const across = (moment: number) => `${Math.min(100, Math.max(0, ((moment - begin) / (end - begin)) * 100))}%`;
  return (
    <div>
      <div className="grid grid-cols-[4rem_minmax(0,1fr)] gap-x-3 text-xs text-muted sm:grid-cols-[7rem_minmax(0,1fr)]">
        <span className="self-end truncate pb-1">{text.atOnce}</span>
        <div className="flex h-10 items-end gap-px border-b border-line">
          {counts.map((count, part) => (
            <span
              key={part}
              className={count > 1 ? "bg-series-2" : "bg-line-strong/60"}
              style={{ flex: 1, height: `${(count / most) * 100}%` }}
            />
          ))}
        </div>
        {lanes.map((lane) => (
          <div key={`${lane.agent}-${lane.place}`} className="contents">
            <span className={`truncate pt-1.5 ${lane.place === 0 ? "text-ink" : ""}`}>
              {lane.place === 0 && (lane.agent ?? text.nobody)}
            </span>
            <div className={`relative h-7 ${lane.place === 0 ? "border-t border-line" : ""}`}>
              {NAMED.slice(1).map((each) => (
                <span key={each} className="absolute inset-y-0 w-px bg-line/60" style={{ left: `${(each / 24) * 100}%` }} />
              ))}
              {lane.stretches.map((stretch) => (
                <span
                  key={stretch.begin}
                  title={`${nameOf(stretch)} · ${format.time(stretch.begin)} – ${format.time(stretch.end)} · ${text.messagesOf(stretch.messages, format.number(stretch.messages))}`}
                  onClick={() => router.push(addressOf("/timeline", { session: stretch.session_id }))}
                  className={`absolute top-1 h-5 min-w-[4px] cursor-pointer rounded-[4px] opacity-90 hover:opacity-100 hover:outline-2 hover:outline-accent ${stretch.parent_session_id ? "bg-series-4" : "bg-series-1"}`}
                  style={{
                    left: across(Date.parse(stretch.begin)),
                    width: `calc(${across(Date.parse(stretch.end))} - ${across(Date.parse(stretch.begin))})`,
                  }}
                >
                  {stretch.errors > 0 && <span className="absolute -top-0.5 -right-0.5 size-2 rounded-full bg-bad ring-2 ring-surface" />}
                </span>
              ))}
            </div>
          </div>
        ))}
        <span />
        <div className="relative h-6 border-t border-line">
          {NAMED.map((each) => (
            <span key={each} className={`absolute top-1 whitespace-nowrap ${each % 6 ? "max-sm:hidden" : ""}`} style={{ left: `${(each / 24) * 100}%` }}>
              {hour(each)}
            </span>
          ))}
        </div>
      </div>
      <p className="mt-3 flex flex-wrap gap-x-5 gap-y-1 text-xs text-muted">
        <Key look="bg-series-1" name={text.session} />
        <Key look="bg-series-4" name={text.subSession} />
        <Key look="bg-bad" name={text.withErrors} round />
        <Key look="bg-series-2" name={text.several} />
      </p>
    </div>
  );
}

function Key({ look, name, round }: { look: string; name: string; round?: boolean }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`${round ? "size-2 rounded-full" : "h-2.5 w-4 rounded-[3px]"} ${look}`} />
      {name}
    </span>
  );
}
