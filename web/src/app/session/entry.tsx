"use client";

import { Bot, Clock, Terminal, User, Wrench } from "lucide-react";
import { lazy, Suspense, type ReactNode } from "react";
import type { components } from "@/api/schema";
import { Button } from "@/components/button";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Code } from "./code";
import { Event } from "./event";
import { Fold } from "./fold";
import { foldKey } from "./folds";
import { Images } from "./images";
import { texts } from "./messages";
import type { TreeEntry } from "./outline";
import { ToolCall } from "./tool-call";
import { useLine } from "./use-session";
import { VerbatimButton } from "./verbatim";

type Message = components["schemas"]["MessageFacts"];

const Markdown = lazy(() => import("./markdown").then((module) => ({ default: module.Markdown })));

export interface EntryProps {
  sessionId: string;
  entry: TreeEntry;
}

/** An entry of a conversation, as its kind is shown. */
export function Entry({ sessionId, entry }: EntryProps) {
  const text = useMessages(texts);
  const { line, hasFailed, retry } = useLine(entry);
  if (hasFailed && !line) {
    return (
      <p className="flex items-center gap-3 py-2 text-sm text-bad">
        {text.unread}
        <Button onClick={retry}>{text.retry}</Button>
      </p>
    );
  }
  const message = line?.message ?? null;
  const isSaid = entry.kind === "MESSAGE" || entry.kind === "CUSTOM_MESSAGE";
  if (!isSaid) return <Event sessionId={sessionId} entry={entry} line={line} />;
  return (
    <Said sessionId={sessionId} entry={entry} message={message}>
      {message ? <Content sessionId={sessionId} entry={entry} message={message} /> : <OnItsWay isRead={line !== undefined} />}
      {entry.tool_calls.map((call) => (
        <ToolCall key={call.tool_call_id} sessionId={sessionId} call={call} />
      ))}
    </Said>
  );
}

function OnItsWay({ isRead }: { isRead: boolean }) {
  const text = useMessages(texts);
  // Before it is read there is nothing to tell: it takes milliseconds.
  return <p className="min-h-6 text-sm text-muted">{isRead ? text.onItsWay : ""}</p>;
}

const ICONS = { user: User, assistant: Bot, toolResult: Wrench, bashExecution: Terminal };

/** What a timer or the program asks comes in the role of a person, and is none. */
const isOfSystem = (message: Message) => message.role === "user" && message.origin === "SYSTEM";

function Said({ sessionId, entry, message, children }: EntryProps & { message: Message | null; children: ReactNode }) {
  const text = useMessages(texts);
  const role = message?.role ?? entry.role ?? "";
  const isSystem = message !== null && isOfSystem(message);
  const Icon = isSystem ? Clock : (ICONS[role as keyof typeof ICONS] ?? Bot);
  const name = isSystem ? text.system : (message?.sender_name ?? text.roles[role] ?? role);
  const isPerson = role === "user" && !isSystem;
  return (
    <div className={isPerson ? "rounded-xl bg-accent-soft px-4 py-3" : "px-4 py-1"}>
      <div className="mb-1 flex items-center gap-2 text-sm">
        <Icon aria-hidden className="size-4 shrink-0 text-muted" strokeWidth={1.75} />
        <span className="truncate font-medium">{name}</span>
        <Facts entry={entry} message={message} />
        <span className="ml-auto shrink-0">
          <VerbatimButton sessionId={sessionId} eventId={entry.event_id} lineNumber={entry.line_number} />
        </span>
      </div>
      {children}
    </div>
  );
}

/** When it was said, by which model, and what it has cost. */
function Facts({ entry, message }: { entry: TreeEntry; message: Message | null }) {
  const text = useMessages(texts);
  const format = useFormat();
  const facts = [
    entry.inherited ? text.inherited : null,
    // Of what comes in the role of a person, its name says so.
    message && !isOfSystem(message) ? (text.origins[message.origin] ?? null) : null,
    message?.model ?? null,
    message && message.total_tokens > 0 ? text.tokens(format.compact(message.total_tokens)) : null,
    message && message.cost_usd > 0 ? format.cost(message.cost_usd) : null,
  ];
  return (
    <span className="flex min-w-0 items-baseline gap-2 text-xs text-muted">
      <time dateTime={entry.occurred_at} title={format.exact(entry.occurred_at)} className="whitespace-nowrap">
        {format.time(entry.occurred_at)}
      </time>
      <span className="hidden truncate sm:inline">{facts.filter((fact) => fact !== null).join(" · ")}</span>
      {entry.labels.map((label) => (
        <span key={label} className="rounded bg-warn-soft px-1.5 text-warn">
          {label}
        </span>
      ))}
    </span>
  );
}

function Content({ sessionId, entry, message }: EntryProps & { message: Message }) {
  const text = useMessages(texts);
  return (
    <>
      {entry.link === "orphan" && <p className="text-sm text-warn">{text.orphan}</p>}
      {message.thinking && (
        <Fold name={foldKey.thinking(entry)} className="-mx-2" head={<span className="text-muted italic">{text.thinking}</span>}>
          {() => <p className="border-l-2 border-line pl-3 text-sm whitespace-pre-wrap text-muted">{message.thinking}</p>}
        </Fold>
      )}
      <Body message={message} />
      {message.images > 0 && <Images sessionId={sessionId} eventId={entry.event_id} count={message.images} />}
      {message.error_message && (
        <p className="my-1 rounded-lg bg-bad-soft px-3.5 py-2 text-sm break-words text-bad">{message.error_message}</p>
      )}
      {message.truncated && <p className="text-xs text-muted">{text.cut}</p>}
    </>
  );
}

function Body({ message }: { message: Message }) {
  const text = useMessages(texts);
  if (message.role === "bashExecution") {
    return (
      <div className="flex flex-col gap-2">
        {message.tool_arguments && <Code code={message.tool_arguments} language="bash" label={text.arguments} />}
        {message.text && <Code code={message.text} label={text.result} tone={message.is_error ? "bad" : "plain"} />}
      </div>
    );
  }
  // Who wrote and whence stands beside it; the verbatim line has all.
  const words = message.said ?? message.text;
  if (words === "") return null;
  if (message.role === "toolResult") {
    return <Code code={message.text} label={text.result} tone={message.is_error ? "bad" : "plain"} />;
  }
  return (
    // Until it is there, the text stands as it was written: it takes about the same room.
    <Suspense fallback={<p className="whitespace-pre-wrap">{words}</p>}>
      <Markdown text={words} />
    </Suspense>
  );
}
