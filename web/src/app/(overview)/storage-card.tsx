"use client";

import { ShareBar } from "@/analysis/share-bar";
import { useApi, type Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

const STORES = ["archive", "postgres", "opensearch"] as const;

/** How much room everything takes, beside what the transcripts had. */
export function StorageCard({ className }: { className?: string }) {
  const text = useMessages(texts);
  const { data, error, mutate } = useApi("/v1/storage", {}, { revalidateOnFocus: false });
  return (
    <Card title={text.storage} note={text.storageNote} className={className}>
      {error && !data ? <Failed error={error} retry={() => void mutate()} /> : !data ? <Loading className="h-52" /> : <Stores data={data} />}
    </Card>
  );
}

function Stores({ data }: { data: Answer<"/v1/storage"> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const held = STORES.map((store) => ({
    store,
    bytes: data.parts.filter((part) => part.store === store).reduce((sum, part) => sum + part.bytes, 0),
    away: data.away.includes(store),
  }));
  const raw = data.transcript_bytes;
  const most = Math.max(1, raw ?? 0, ...held.map((each) => each.bytes));
  const archived = held[0]?.bytes ?? 0;
  return (
    <ul className="flex flex-col gap-3 text-sm">
      {raw !== null && <Line name={text.transcripts} value={format.bytes(raw)} share={raw / most} />}
      {held.map((each) => (
        <Line
          key={each.store}
          name={text.stores[each.store]}
          value={each.away ? text.away : format.bytes(each.bytes)}
          share={each.bytes / most}
          note={each.store === "archive" && raw && !each.away ? text.archived(format.percent(archived / raw)) : undefined}
        />
      ))}
      <li className="flex justify-between gap-3 border-t border-line pt-3">
        <span className="text-muted">{text.disk}</span>
        <span className="tabular-nums">{format.bytes(data.disk_free_bytes)}</span>
      </li>
    </ul>
  );
}

function Line({ name, value, share, note }: { name: string; value: string; share: number; note?: string }) {
  return (
    <li>
      <span className="flex justify-between gap-3">
        <span>{name}</span>
        <span className="tabular-nums">{value}</span>
      </span>
      <ShareBar share={share} />
      {note && <span className="mt-0.5 block text-xs text-muted">{note}</span>}
    </li>
  );
}
