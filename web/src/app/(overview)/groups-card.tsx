"use client";

import Link from "next/link";
import { ShareBar } from "@/analysis/share-bar";
import { sessionsAddress } from "@/address/pages";
import type { Changes } from "@/address/use-address";
import type { Answer } from "@/api/use-api";
import { Card } from "@/components/card";
import { Loading } from "@/components/states";
import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

interface GroupsCardProps {
  name: "channel" | "agent";
  groups?: Answer<"/v1/activity">["channels"];
  filters: Changes;
  className?: string;
}

const MOST_ROWS = 6;

/** Where the messages came from, or whose they are. */
export function GroupsCard({ name, groups, filters, className }: GroupsCardProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const most = Math.max(1, ...(groups ?? []).map((row) => row.messages));
  return (
    <Card title={text.groups[name]} flush className={className}>
      {!groups ? (
        <Loading className="h-52" />
      ) : (
        <div className="pb-2">
          <Table
            caption={text.groups[name]}
            orderName={`${name}s`}
            most={MOST_ROWS}
            rows={groups}
            rowKey={(row) => row.name ?? ""}
            columns={[
              {
                key: "name",
                head: text.name,
                by: (row) => row.name,
                cell: (row) => {
                  const label = (
                    <>
                      {row.name ?? <span className="text-muted">{text.unknown[name]}</span>}
                      <ShareBar share={row.messages / most} />
                    </>
                  );
                  // Nothing filters for what has no name.
                  return row.name === null ? (
                    label
                  ) : (
                    <Link href={sessionsAddress({ ...filters, [name]: row.name })} className="block hover:text-accent">
                      {label}
                    </Link>
                  );
                },
              },
              { key: "sessions", head: text.sessions, figure: true, by: (row) => row.sessions, cell: (row) => format.number(row.sessions) },
              { key: "messages", head: text.messages, figure: true, by: (row) => row.messages, cell: (row) => format.compact(row.messages) },
            ]}
          />
        </div>
      )}
    </Card>
  );
}
