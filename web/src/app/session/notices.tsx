"use client";

import { useAddress } from "@/address/use-address";
import { Commands } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";

interface NoticesProps {
  isEarlier: boolean;
  missingLines: number;
  /** Whether the entry that the address names is not there. */
  isLost: boolean;
}

/** What a reader has to know of what is shown. */
export function Notices({ isEarlier, missingLines, isLost }: NoticesProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const { change } = useAddress();
  if (!isEarlier && missingLines === 0 && !isLost) return null;
  return (
    <div role="status" className="mb-4 flex flex-col gap-1 rounded-lg bg-warn-soft px-4 py-2.5 text-sm text-warn">
      {isEarlier && (
        <p>
          {text.earlier}{" "}
          <button type="button" onClick={() => change({ generation: null }, "push")} className="underline underline-offset-2">
            {text.toCurrent}
          </button>
        </p>
      )}
      {missingLines > 0 && (
        <p>
          {text.missing(missingLines, format.number(missingLines))} <Commands text={text.missingHint} />
        </p>
      )}
      {isLost && <p>{text.notHere}</p>}
    </div>
  );
}
