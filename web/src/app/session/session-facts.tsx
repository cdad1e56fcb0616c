"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import { sessionAddress, sessionsAddress } from "@/address/pages";
import type { components } from "@/api/schema";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

type Session = components["schemas"]["SessionFacts"];

/** What is counted and known of a session. */
export function SessionFacts({ session }: { session: Session }) {
  const text = useMessages(texts);
  const format = useFormat();
  const lasted = Date.parse(session.last_activity_at) - Date.parse(session.created_at);
  return (
    <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 px-2 text-sm">
      <Fact name={text.fact.started}>{format.dateTime(session.created_at)}</Fact>
      <Fact name={text.fact.last}>{format.dateTime(session.last_activity_at)}</Fact>
      <Fact name={text.fact.closed}>
        {session.closed_at
          ? `${text.reasons[session.closed_reason ?? ""] ?? ""} ${format.dateTime(session.closed_at)}`
          : text.fact.open}
      </Fact>
      <Fact name={text.fact.duration}>{format.duration(Math.max(lasted, 0))}</Fact>
      <Fact name={text.fact.messages}>
        {format.number(session.message_count)}
        <Small>
          {Object.entries(session.messages_by_role)
            .map(([role, count]) => `${text.counted[role] ?? text.roles[role] ?? role} ${format.number(count)}`)
            .join(" · ")}
        </Small>
      </Fact>
      <Fact name={text.fact.tokens}>
        {format.number(session.total_tokens)}
        <Small>
          {text.fact.inOut(format.compact(session.input_tokens), format.compact(session.output_tokens))}
        </Small>
        {session.cache_read_tokens + session.cache_write_tokens > 0 && (
          <Small>
            {text.fact.cache(format.compact(session.cache_read_tokens), format.compact(session.cache_write_tokens))}
          </Small>
        )}
      </Fact>
      <Fact name={text.fact.cost}>{format.cost(session.cost_usd)}</Fact>
      <Fact name={text.fact.errors}>{format.number(session.error_count)}</Fact>
      <Fact name={text.fact.models}>
        {session.models_used.map((used) => (
          <Line key={`${used.provider}/${used.model}`} left={String(used.model)} right={format.number(Number(used.calls))} />
        ))}
      </Fact>
      <Fact name={text.fact.tools}>
        {session.tool_invocations.map((used) => (
          <Line key={String(used.name)} left={String(used.name)} right={format.number(Number(used.calls ?? used.count))} />
        ))}
      </Fact>
      <Fact name={text.fact.people}>
        {session.participants.map((each) => String(each.name ?? each.id ?? each.role)).join(", ")}
      </Fact>
      {session.agent_id && (
        <Fact name={text.fact.agent}>
          <Link href={sessionsAddress({ agent: session.agent_id })} className="text-accent hover:underline">
            {session.agent_id}
          </Link>
        </Fact>
      )}
      {session.channel && (
        <Fact name={text.fact.channel}>
          <Link href={sessionsAddress({ channel: session.channel })} className="text-accent hover:underline">
            {session.channel}
          </Link>
        </Fact>
      )}
      {session.session_key && <Fact name={text.fact.chat}>{session.session_key}</Fact>}
      {session.cwd && (
        <Fact name={text.fact.folder}>
          <Link href={sessionsAddress({ project: session.cwd })} className="text-accent hover:underline">
            {session.cwd}
          </Link>
        </Fact>
      )}
      {session.parent_session_id && (
        <Fact name={text.fact.parent}>
          <Link href={sessionAddress(session.parent_session_id)} className="text-accent hover:underline">
            {session.parent_relation ?? session.parent_session_id}
          </Link>
        </Fact>
      )}
      <Fact name={text.fact.id}>
        <span className="font-mono text-xs">{session.session_id}</span>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}

function Small({ children }: { children: ReactNode }) {
  return <span className="block text-xs text-muted">{children}</span>;
}

function Line({ left, right }: { left: string; right: string }) {
  return (
    <span className="flex justify-between gap-3">
      <span className="truncate">{left}</span>
      <span className="text-muted tabular-nums">{right}</span>
    </span>
  );
}
