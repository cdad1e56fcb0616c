"use client";

import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { useAddress } from "@/address/use-address";
import type { components } from "@/api/schema";
import { Choice } from "@/components/choice";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { ContentsPanel } from "./contents-panel";
import type { Landmark } from "./landmarks";
import { texts } from "./messages";
import type { TreeEntry, TreeGeneration } from "./outline";
import { SessionFacts } from "./session-facts";
import { SimilarSessions } from "./similar-sessions";

const TABS = ["contents", "facts", "similar"] as const;
type Tab = (typeof TABS)[number];

interface SidePanelProps {
  session: components["schemas"]["SessionFacts"];
  generations: readonly TreeGeneration[];
  generation: number | null;
  landmarks: readonly Landmark[];
  line: number;
  onChoose: (entry: TreeEntry) => void;
}

/** Beside the conversation, where there is room; else folded above it. */
export function SidePanel(props: SidePanelProps) {
  const text = useMessages(texts);
  const { parameters } = useAddress();
  const [isOpen, setOpen] = useState(parameters.has("tab"));
  return (
    <section aria-label={text.panel} className="min-w-0 xl:order-last">
      <div className="xl:hidden">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          className="flex w-full items-center justify-between rounded-xl border border-line bg-surface px-4 py-2.5 text-left text-sm font-medium"
        >
          {text.panel}
          <ChevronDown aria-hidden className={`size-4 text-muted transition-transform ${isOpen ? "rotate-180" : ""}`} />
        </button>
      </div>
      <div className={`sticky top-7 flex-col gap-3 pt-3 xl:flex xl:pt-0 ${isOpen ? "flex" : "hidden"}`}>
        <Tabs {...props} />
      </div>
    </section>
  );
}

function Tabs({ session, generations, generation, landmarks, line, onChoose }: SidePanelProps) {
  const text = useMessages(texts);
  const { parameters, change } = useAddress();
  const tab = TABS.find((each) => each === parameters.get("tab")) ?? "contents";
  return (
    <>
      <Choice<Tab>
        quiet
        legend={text.panel}
        value={tab}
        options={TABS.map((each) => ({ value: each, label: text[each] }))}
        onChange={(chosen) => change({ tab: chosen === "contents" ? null : chosen })}
      />
      {tab === "contents" && (
        <>
          {generations.length > 1 && <GenerationMenu generations={generations} generation={generation} />}
          <ContentsPanel landmarks={landmarks} line={line} onChoose={onChoose} />
        </>
      )}
      {tab !== "contents" && (
        <div tabIndex={0} className="max-h-[calc(100dvh-9rem)] overflow-y-auto">
          {tab === "facts" && <SessionFacts session={session} />}
          {tab === "similar" && <SimilarSessions sessionId={session.session_id} />}
        </div>
      )}
    </>
  );
}

/** What the session was before it was rewritten or reset. */
function GenerationMenu({ generations, generation }: Pick<SidePanelProps, "generations" | "generation">) {
  const text = useMessages(texts);
  const format = useFormat();
  const { change } = useAddress();
  const current = generations.find((each) => each.current)?.number ?? 0;
  return (
    <label className="flex flex-col gap-1 px-2 text-xs text-muted">
      {text.generation}
      <select
        value={generation ?? current}
        onChange={({ target }) => change({ generation: Number(target.value) === current ? null : target.value }, "push")}
        className="rounded-lg border border-line bg-surface px-2.5 py-1.5 text-sm text-ink"
      >
        {generations.map((each) => (
          <option key={each.number} value={each.number}>
            {[
              `${format.number(each.number)}: ${text.generations[each.state] ?? each.state}`,
              format.dateTime(each.archived_at ?? each.last_at),
              text.generationLines(each.lines, format.number(each.lines)),
            ].join(" · ")}
          </option>
        ))}
      </select>
    </label>
  );
}
