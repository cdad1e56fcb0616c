"use client";

import { lazy, Suspense } from "react";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Code } from "./code";
import type { Line } from "./contents";
import type { EntryProps } from "./entry";
import { Fold } from "./fold";
import { foldKey } from "./folds";
import { texts } from "./messages";
import { VerbatimButton } from "./verbatim";

const Markdown = lazy(() => import("./markdown").then((module) => ({ default: module.Markdown })));

// What changes the course of a conversation stands out.
const TURNS: ReadonlySet<string> = new Set(["COMPACTION", "BRANCH_SUMMARY", "RESET"]);

/** What happened between the messages: a compaction, a reset, another model, a line that nobody can read. */
export function Event({ sessionId, entry, line }: EntryProps & { line: Line | undefined }) {
  const text = useMessages(texts);
  const format = useFormat();
  const body = line?.body ?? null;
  const summary = line?.message?.text ?? stated(body, "summary");
  return (
    <div className="px-4 py-1">
      <div className="flex items-center gap-3 text-xs text-muted">
        {TURNS.has(entry.kind) && <span aria-hidden className="h-px flex-1 bg-line-strong/50" />}
        <span className={TURNS.has(entry.kind) ? "font-medium text-ink" : ""}>
          {text.kinds[entry.kind] ?? entry.kind}
          <Detail kind={entry.kind} body={body} />
        </span>
        <time dateTime={entry.occurred_at} title={format.exact(entry.occurred_at)}>
          {format.time(entry.occurred_at)}
        </time>
        <VerbatimButton sessionId={sessionId} eventId={entry.event_id} lineNumber={entry.line_number} />
        {TURNS.has(entry.kind) && <span aria-hidden className="h-px flex-1 bg-line-strong/50" />}
      </div>
      {summary && (
        <Fold name={foldKey.summary(entry)} className="-mx-2" head={<span className="text-muted">{text.summary}</span>}>
          {() => (
            <Suspense fallback={<p className="whitespace-pre-wrap">{summary}</p>}>
              <Markdown text={summary} />
            </Suspense>
          )}
        </Fold>
      )}
      {entry.kind === "CUSTOM" && stated(body, "data") && (
        <Fold name={foldKey.data(entry)} className="-mx-2" head={<span className="text-muted">{stated(body, "custom_type")}</span>}>
          {() => <Code code={stated(body, "data") ?? ""} language="json" label={text.kinds.CUSTOM ?? ""} />}
        </Fold>
      )}
    </div>
  );
}

/** What an event says beside its kind. */
function Detail({ kind, body }: { kind: string; body: Record<string, unknown> | null }) {
  const text = useMessages(texts);
  const format = useFormat();
  if (body === null) return null;
  switch (kind) {
    case "MODEL_CHANGE":
      return <> {[stated(body, "provider"), stated(body, "model")].filter(Boolean).join("/")}</>;
    case "THINKING_LEVEL_CHANGE":
      return <> {stated(body, "level")}</>;
    case "LABEL":
      return <> “{stated(body, "label")}”</>;
    case "SESSION_INFO":
      return <> “{stated(body, "name")}”</>;
    case "RESET":
      return stated(body, "reason") ? <>: {stated(body, "reason")}</> : null;
    case "COMPACTION": {
      const [before, after] = [body.tokens_before, body.tokens_after];
      if (typeof before !== "number") return null;
      return <> · {text.compacted(format.compact(before), typeof after === "number" ? format.compact(after) : null)}</>;
    }
    default:
      return null;
  }
}

function stated(body: Record<string, unknown> | null, name: string): string | null {
  const value = body?.[name];
  return typeof value === "string" ? value : null;
}
