"use client";

import { Check, CircleDashed, X } from "lucide-react";
import { useApi } from "@/api/use-api";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Code } from "./code";
import { Fold } from "./fold";
import { foldKey } from "./folds";
import { languageOf } from "./highlighting";
import { Images } from "./images";
import { texts } from "./messages";
import type { TreeCall } from "./outline";
import { argumentsOf, gist, type Argument } from "./tool-arguments";
import { VerbatimButton } from "./verbatim";

// A call that has no result yet gets one.
const LOOK_FOR_RESULT_MS = 2_000;

interface ToolCallProps {
  sessionId: string;
  call: TreeCall;
}

/** A tool call, folded into one line: what was called, how it went, how long it took. */
export function ToolCall({ sessionId, call }: ToolCallProps) {
  const format = useFormat();
  return (
    <Fold
      name={foldKey.call(call)}
      className="-mx-2"
      head={
        <>
          <span className="shrink-0 font-mono text-[0.8125rem] font-medium">{call.name}</span>
          <span className="min-w-0 flex-1 truncate font-mono text-[0.8125rem] text-muted">{gist(call.arguments)}</span>
          {call.duration_ms !== null && (
            <span className="hidden shrink-0 text-xs text-muted tabular-nums sm:inline">{format.duration(call.duration_ms)}</span>
          )}
          <Outcome call={call} />
        </>
      }
    >
      {() => <Details sessionId={sessionId} call={call} />}
    </Fold>
  );
}

function Outcome({ call }: { call: TreeCall }) {
  const text = useMessages(texts);
  const [Icon, look] = { succeeded: [Check, "text-good"] as const, failed: [X, "text-bad"] as const }[call.outcome] ?? [
    CircleDashed,
    "text-muted",
  ];
  return (
    <span className={`flex shrink-0 items-center ${look}`}>
      <Icon aria-hidden className="size-4" strokeWidth={2} />
      <span className="sr-only">{text.outcomes[call.outcome] ?? call.outcome}</span>
    </span>
  );
}

function Details({ sessionId, call }: ToolCallProps) {
  const text = useMessages(texts);
  const { data, error, mutate } = useApi(
    "/v1/sessions/{session_id}/tool-calls/{tool_call_id}",
    { params: { path: { session_id: sessionId, tool_call_id: call.tool_call_id } } },
    { revalidateOnFocus: false, refreshInterval: untilDone },
  );
  if (error) return <Failed error={error} retry={() => void mutate()} />;
  if (!data) return <Loading className="h-24" />;
  const hasFailed = data.outcome === "failed";
  const said = data.result || data.error || "";
  return (
    <div className="flex flex-col gap-3">
      <Arguments json={data.arguments} tool={data.name} />
      <div>
        <p className="mb-1 flex flex-wrap items-center gap-x-2 text-xs text-muted">
          {text.result}
          {data.exit_code !== null && <span className={hasFailed ? "text-bad" : ""}>{text.exitCode(data.exit_code)}</span>}
          {call.result_event_id && <VerbatimButton sessionId={sessionId} eventId={call.result_event_id} lineNumber={null} />}
        </p>
        {said !== "" && <Code code={said} label={text.result} tone={hasFailed ? "bad" : "plain"} />}
        {call.result_event_id && call.result_images > 0 ? (
          <Images sessionId={sessionId} eventId={call.result_event_id} count={call.result_images} />
        ) : (
          said === "" && <p className="text-sm text-muted">{data.outcome === "pending" ? text.noResult : text.noText}</p>
        )}
      </div>
    </div>
  );
}

/** How long until it is asked for again: as it was answered last, since the tree may know of the result before. */
function untilDone(answered: { outcome: string } | undefined): number {
  return answered === undefined || answered.outcome === "pending" ? LOOK_FOR_RESULT_MS : 0;
}

function Arguments({ json, tool }: { json: string | null; tool: string }) {
  const text = useMessages(texts);
  if (json === null || json === "{}") return null;
  const given = argumentsOf(json);
  if (given === null) return <Code code={json} label={text.arguments} />;
  const path = given.find(({ name }) => /path|file/i.test(name))?.value ?? "";
  return (
    <dl className="flex flex-col gap-2">
      {given.map((argument) => (
        <div key={argument.name} className={isShort(argument) ? "flex items-baseline gap-2" : ""}>
          <dt className="mb-0.5 font-mono text-xs text-muted">{argument.name}</dt>
          <dd className="font-mono text-[0.8125rem]">
            {isShort(argument) ? (
              argument.value
            ) : (
              <Code code={argument.value} language={languageFor(argument, tool, path)} label={argument.name} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether it needs no block of its own. */
function isShort({ name, value }: Argument): boolean {
  return name !== "command" && value.length <= 80 && !value.includes("\n");
}

function languageFor({ name, value, isText }: Argument, tool: string, path: string): string | null {
  if (!isText) return "json";
  if (name === "command" || (tool === "exec" && name === "cmd")) return "bash";
  return value.includes("\n") ? languageOf(path) : null;
}
