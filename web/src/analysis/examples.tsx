"use client";

import Link from "next/link";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";
import { sessionAddress } from "@/address/pages";

/** Sessions behind a figure that no filter describes. */
export function Examples({ ids }: { ids: readonly string[] }) {
  const text = useMessages(texts);
  return (
    <span className="inline-flex flex-wrap gap-x-2.5 gap-y-0.5">
      {ids.map((id) => (
        <Link
          key={id}
          href={sessionAddress(id)}
          aria-label={text.session(id)}
          title={id}
          className="font-mono text-[0.8125rem] text-accent hover:underline"
        >
          {id.slice(0, 8)}
        </Link>
      ))}
    </span>
  );
}
