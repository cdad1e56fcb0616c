"use client";

import { useAddress } from "@/address/use-address";
import { Commands } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { texts } from "./messages";
import type { TreeGeneration } from "./outline";
import { useGenerationWith } from "./use-session";

interface NoticesProps {
  sessionId: string;
  generations: readonly TreeGeneration[];
  /** That of the address; null is the current one. */
  generation: number | null;
  missingLines: number;
  /** The entry that the address names, where it is not there. */
  lostEntry: string | null;
}

/** What a reader has to know of what is shown. */
export function Notices({ sessionId, generations, generation, missingLines, lostEntry }: NoticesProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const { change } = useAddress();
  const isEarlier = generations.some((each) => each.number === generation && !each.current);
  const larger = isEarlier ? null : largerBefore(generations);
  return (
    <>
      {larger && (
        <p role="status" className="mb-4 rounded-lg bg-sunken px-4 py-2.5 text-sm">
          {text.rewritten(larger.lines, format.number(larger.lines))}{" "}
          <button
            type="button"
            onClick={() => change({ generation: String(larger.number) }, "push")}
            className="text-accent underline underline-offset-2"
          >
            {text.toEarlier}
          </button>
        </p>
      )}
      {(isEarlier || missingLines > 0 || lostEntry !== null) && (
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
          {lostEntry !== null && <Lost sessionId={sessionId} entry={lostEntry} generations={generations} />}
        </div>
      )}
    </>
  );
}

/** The entry that the address names is not here: where it is. */
function Lost({ sessionId, entry, generations }: Pick<NoticesProps, "sessionId" | "generations"> & { entry: string }) {
  const text = useMessages(texts);
  const { change } = useAddress();
  const found = useGenerationWith(sessionId, entry, generations);
  return (
    <p>
      {text.notHere}{" "}
      {found && (
        <button
          type="button"
          onClick={() => change({ generation: found.current ? null : String(found.number) }, "push")}
          className="underline underline-offset-2"
        >
          {text.toItsGeneration}
        </button>
      )}
    </p>
  );
}

/** The longest earlier generation, where the current one has fewer lines. */
function largerBefore(generations: readonly TreeGeneration[]): TreeGeneration | null {
  const current = generations.find((each) => each.current)?.lines ?? 0;
  const [longest] = [...generations].sort((one, other) => other.lines - one.lines);
  return longest && longest.lines > current ? longest : null;
}
