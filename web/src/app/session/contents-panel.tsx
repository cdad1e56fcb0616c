"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { FoldVertical, GitBranch, RotateCcw, Tag, User, type LucideIcon } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import type { Landmark } from "./landmarks";
import { texts } from "./messages";
import type { TreeEntry } from "./outline";

const ICONS: Record<Landmark["kind"], LucideIcon> = {
  turn: User,
  compaction: FoldVertical,
  reset: RotateCcw,
  branch: GitBranch,
  label: Tag,
};
const ROW_PX = 30;

interface ContentsPanelProps {
  landmarks: readonly Landmark[];
  /** The line that is looked at. */
  line: number;
  onChoose: (entry: TreeEntry) => void;
}

/** The conversation as a tree of places that one can walk, by mouse and with the arrow keys. */
export function ContentsPanel({ landmarks, line, onChoose }: ContentsPanelProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const scroll = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- it is not memoised, and need not be
  const virtual = useVirtualizer({
    count: landmarks.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const current = Math.max(
    landmarks.findLastIndex((landmark) => landmark.entry.line_number <= line),
    0,
  );
  const focused = useRef(false);

  useEffect(() => {
    if (!focused.current && landmarks.length > 0) virtual.scrollToIndex(current, { align: "auto" });
  }, [current, landmarks.length, virtual]);

  const walk = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = Number((document.activeElement as HTMLElement).dataset.place);
    const next = Math.min(Math.max(at + step, 0), landmarks.length - 1);
    virtual.scrollToIndex(next);
    const focus = () => {
      const item = scroll.current?.querySelector<HTMLElement>(`[data-place="${next}"]`);
      item?.focus({ preventScroll: true });
      return item !== null;
    };
    // At once, so that the next key goes on from there; what is not drawn yet is with the next frame.
    if (!focus()) requestAnimationFrame(focus);
  };

  if (landmarks.length === 0) return <p className="px-2 text-sm text-muted">{text.noLandmarks}</p>;
  return (
    <div
      ref={scroll}
      role="tree"
      aria-label={text.contents}
      onKeyDown={walk}
      onFocus={() => (focused.current = true)}
      onBlur={() => (focused.current = false)}
      className="max-h-[min(26rem,60dvh)] overflow-y-auto xl:max-h-[calc(100dvh-15rem)]"
    >
      <div role="none" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const landmark = landmarks[item.index];
          if (!landmark) return null;
          const Icon = ICONS[landmark.kind];
          return (
            <button
              key={item.key}
              type="button"
              role="treeitem"
              aria-level={landmark.entry.depth + 1}
              aria-posinset={item.index + 1}
              aria-setsize={landmarks.length}
              aria-selected={item.index === current}
              data-place={item.index}
              tabIndex={item.index === current ? 0 : -1}
              onClick={() => onChoose(landmark.entry)}
              title={`${landmark.text ?? text.landmarks[landmark.kind]} · ${format.dateTime(landmark.entry.occurred_at)}`}
              className="absolute inset-x-0 top-0 flex items-center gap-2 rounded-md px-2 text-left text-sm text-muted hover:bg-sunken hover:text-ink aria-selected:bg-sunken aria-selected:text-ink"
              style={{
                height: ROW_PX,
                transform: `translateY(${item.start}px)`,
                paddingLeft: `${0.5 + landmark.entry.depth * 0.8}rem`,
              }}
            >
              <Icon aria-hidden className="size-3.5 shrink-0" strokeWidth={1.75} />
              <span className="truncate">
                {landmark.kind === "turn" ? "" : <span className="sr-only">{text.landmarks[landmark.kind]}: </span>}
                {landmark.text ?? text.landmarks[landmark.kind]}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
