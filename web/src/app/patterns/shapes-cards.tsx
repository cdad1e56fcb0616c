"use client";

import type { SWRResponse } from "swr";
import type { ApiError } from "@/api/problem";
import { isOfBefore, type Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Histogram } from "./histogram";
import { texts } from "./messages";

type Bar = Answer<"/v1/patterns/sessions">["messages"][number];

const WHO = ["person", "model", "tool"] as const;

/** How long sessions are, and how long somebody waits in them. */
export function ShapesCards({ answer }: { answer: SWRResponse<Answer<"/v1/patterns/sessions">, ApiError> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { data, error, mutate } = answer;
  const busy = isOfBefore(answer);
  if (error || !data) {
    return (
      <Card title={text.lengths} className="lg:col-span-6">
        {error ? <Failed error={error} retry={() => void mutate()} /> : <Loading className="h-56" />}
      </Card>
    );
  }
  if (data.messages.every((bar) => bar.count === 0)) {
    return (
      <Card title={text.lengths} busy={busy} className="lg:col-span-6">
        <Empty title={text.noSessions} />
      </Card>
    );
  }
  const counted = (value: number) => format.number(value);
  const timed = (value: number) => (value === 0 ? "0" : format.duration(value));
  const count = (bar: Bar) => (bar.below !== null && bar.below - bar.at_least === 1 ? counted(bar.at_least) : null);
  return (
    <>
      <Histogram
        className="lg:col-span-3"
        title={text.lengths}
        note={text.lengthsNote}
        unit={text.sessions}
        bars={data.messages}
        edge={counted}
        single={count}
        busy={busy}
      />
      <Histogram
        className="lg:col-span-3"
        title={text.durations}
        note={text.durationsNote}
        unit={text.sessions}
        bars={data.durations}
        edge={timed}
        busy={busy}
      />
      {WHO.map((who) => (
        <Histogram
          key={who}
          className="lg:col-span-2"
          title={text.pauses[who]}
          note={text.pausesNote[who]}
          unit={text.pauseUnit}
          bars={data.pauses[who]}
          edge={timed}
          busy={busy}
        />
      ))}
    </>
  );
}
