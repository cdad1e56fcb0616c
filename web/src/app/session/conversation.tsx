"use client";

import { useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ArrowDown, GitBranch } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { Button } from "@/components/button";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import type { Contents } from "./contents";
import { Entry } from "./entry";
import { useFolds } from "./folds";
import { texts } from "./messages";
import type { TreeEntry } from "./outline";
import type { Row } from "./rows";
import { ContentsContext } from "./use-session";

interface ConversationProps {
  sessionId: string;
  rows: readonly Row[];
  contents: Contents;
  /** What is looked at is told here, for the table of contents. */
  onView: (entry: TreeEntry) => void;
  /** The row to go to: its key, anew for each time. */
  target: { key: string } | null;
  /** How many entries there are, folded ones too, and whether these are all. */
  entries: number;
  isComplete: boolean;
}

// So close to the end a reader is at the end.
const END_MARGIN_PX = 160;
// What moves the page so soon after a key, a wheel or a finger is the reader.
const BY_READER_MS = 1_000;
const INPUTS = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
const ESTIMATES = { entry: 110, branch: 44, day: 44 };

/** A conversation of any length: only what is looked at is drawn and read. The page itself scrolls. */
export function Conversation({ sessionId, rows, contents, onView, target, entries, isComplete }: ConversationProps) {
  const text = useMessages(texts);
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);

  useLayoutEffect(() => {
    const measure = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (index) => ESTIMATES[rows[index]?.kind ?? "entry"],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 6,
    scrollMargin: top,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];

  useEffect(() => {
    // Not all from the first to the last: a branch that is folded between them may have thousands.
    const drawn = rows.slice(first, last + 1);
    void contents.want(drawn.flatMap((row) => (row.kind === "entry" ? [row.entry.line_number] : [])));
  }, [rows, contents, first, last]);

  const visible = virtual.getVirtualItemForOffset(virtual.scrollOffset ?? 0)?.index ?? 0;
  useEffect(() => {
    const entry = entryAt(rows, visible);
    if (entry) onView(entry);
  }, [rows, visible, onView]);

  useTarget(target, rows, list, virtual);

  useEffect(() => {
    // The browser would go to where the end is guessed to be: most rows were never drawn.
    const jump = (event: KeyboardEvent) => {
      const to = { End: rows.length - 1, Home: 0 }[event.key];
      if (to === undefined || (event.target as HTMLElement).closest("input, select, dialog, pre, [role=tree]")) return;
      event.preventDefault();
      virtual.scrollToIndex(to, { align: to === 0 ? "start" : "end" });
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, [rows.length, virtual]);

  const toEnd = () => virtual.scrollToIndex(rows.length - 1, { align: "end" });
  const { end, count, show } = useFollowing(entries, isComplete, virtual.getTotalSize(), toEnd);

  return (
    <ContentsContext value={contents}>
      <div ref={list} role="feed" aria-busy={false} className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <article
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              data-row={row.key}
              tabIndex={-1}
              data-entry={row.kind === "entry" ? row.entry.entry_id : undefined}
              aria-posinset={item.index + 1}
              aria-setsize={rows.length}
              // Only what is gone to gets the focus, and has a frame already.
              className="absolute inset-x-0 top-0 py-1.5 outline-none"
              style={{ transform: `translateY(${item.start - virtual.options.scrollMargin}px)` }}
            >
              <RowView sessionId={sessionId} row={row} isTarget={row.key === target?.key} />
            </article>
          );
        })}
      </div>
      <div ref={end} aria-hidden className="h-px" />
      {count > 0 && (
        <div className="pointer-events-none sticky bottom-20 flex justify-center md:bottom-6">
          <Button look="primary" className="pointer-events-auto rounded-full shadow-lg" onClick={show}>
            <ArrowDown aria-hidden className="size-4" />
            <Newer count={count} />
          </Button>
        </div>
      )}
      <p className="sr-only" role="status">
        {count > 0 ? text.newer(count, String(count)) : ""}
      </p>
    </ContentsContext>
  );
}

function Newer({ count }: { count: number }) {
  const text = useMessages(texts);
  const format = useFormat();
  return text.newer(count, format.number(count));
}

function RowView({ sessionId, row, isTarget }: { sessionId: string; row: Row; isTarget: boolean }) {
  if (row.kind === "day") return <Day at={row.at} />;
  if (row.kind === "branch") return <Branch row={row} />;
  const entry = <Entry sessionId={sessionId} entry={row.entry} />;
  return (
    <div
      className={`${row.level > 0 ? "border-l-2 border-line-strong/60 pl-2" : ""} ${isTarget ? "rounded-xl ring-2 ring-accent/60" : ""}`}
      style={row.level > 1 ? { marginLeft: `${(row.level - 1) * 0.9}rem` } : undefined}
    >
      {entry}
    </div>
  );
}

function Day({ at }: { at: string }) {
  const format = useFormat();
  return <p className="pt-3 text-center text-xs font-medium text-muted">{format.date(at)}</p>;
}

function Branch({ row }: { row: Extract<Row, { kind: "branch" }> }) {
  const text = useMessages(texts);
  const format = useFormat();
  const toggle = useFolds((folds) => folds.toggle);
  return (
    <button
      type="button"
      aria-expanded={row.isOpen}
      onClick={() => toggle(row.key)}
      className="flex w-full items-center gap-2 rounded-lg border border-dashed border-line-strong/60 px-4 py-1.5 text-sm text-muted hover:bg-sunken hover:text-ink"
    >
      <GitBranch aria-hidden className="size-4" strokeWidth={1.75} />
      {text.branch(row.entries, format.number(row.entries))}
    </button>
  );
}

/** The entry of a row, or of the next one that has one. */
function entryAt(rows: readonly Row[], index: number): TreeEntry | null {
  for (let at = index; at < rows.length; at++) {
    const row = rows[at];
    if (row?.kind === "entry") return row.entry;
  }
  return null;
}

/** Goes to a row, and keeps it in sight while what stands above it comes and grows, until the reader moves. */
function useTarget(
  target: { key: string } | null,
  rows: readonly Row[],
  list: RefObject<HTMLElement | null>,
  virtual: Virtualizer<Window, Element>,
) {
  const reached = useRef<typeof target>(null);
  const focused = useRef<typeof target>(null);
  const isKept = useRef(false);
  const height = virtual.getTotalSize();

  useEffect(() => {
    const stop = new AbortController();
    for (const name of INPUTS) {
      addEventListener(name, () => (isKept.current = false), { passive: true, capture: true, signal: stop.signal });
    }
    return () => stop.abort();
  }, []);
  useEffect(() => {
    if (target === null || (target === reached.current && !isKept.current)) return;
    const index = rows.findIndex((row) => row.key === target.key);
    if (index === -1) return;
    reached.current = target;
    isKept.current = true;
    const size = virtual.measurementsCache[index]?.size ?? 0;
    virtual.scrollToIndex(index, { align: size < innerHeight ? "center" : "start" });
  }, [target, rows, virtual, height]);
  useEffect(() => {
    // With the frame in which it is drawn: what was far away is not there yet.
    if (target === null || target === focused.current) return;
    const article = list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(target.key)}"]`);
    if (!article) return;
    focused.current = target;
    article.focus({ preventScroll: true });
  });
}

/** Stays at the end while the reader is there, also when what came grows as it is drawn; else counts what came since. */
function useFollowing(entries: number, isComplete: boolean, height: number, toEnd: () => void) {
  const end = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(false);
  const isFollowing = useRef(false);
  /** How many there are, and how many of them the reader has seen; null until all have come. */
  const all = useRef(entries);
  const seen = useRef<number | null>(null);
  const [count, setCount] = useState(0);

  const catchUp = () => {
    if (seen.current !== null) seen.current = all.current;
    setCount(0);
  };
  useEffect(() => {
    if (end.current === null) return;
    // It tells after the page was drawn: until then it says where the reader was before something came.
    const observer = new IntersectionObserver(
      ([found]) => {
        isAtEnd.current = found?.isIntersecting ?? false;
        if (isAtEnd.current) catchUp();
      },
      { rootMargin: `0px 0px ${END_MARGIN_PX}px 0px` },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    let [inputAt, top] = [-Infinity, scrollY];
    const scrolled = () => {
      if (performance.now() - inputAt < BY_READER_MS) {
        const isThere = scrollY + innerHeight >= document.documentElement.scrollHeight - END_MARGIN_PX;
        if (isThere) isFollowing.current = true;
        else if (scrollY < top) isFollowing.current = false;
      }
      top = scrollY;
    };
    for (const name of INPUTS) {
      addEventListener(name, () => (inputAt = performance.now()), { passive: true, capture: true, signal: stop.signal });
    }
    addEventListener("scroll", scrolled, { passive: true, signal: stop.signal });
    return () => stop.abort();
  }, []);
  useEffect(() => {
    if (isFollowing.current) toEnd();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the page grows
  }, [height]);
  useEffect(() => {
    all.current = entries;
    if (!isComplete) return;
    const before = (seen.current ??= entries);
    if (entries <= before) return;
    if (isFollowing.current || isAtEnd.current) {
      seen.current = entries;
      isFollowing.current = true;
      toEnd();
    } else {
       
      setCount(entries - before);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when entries come
  }, [entries, isComplete]);
  return { end, count, show: () => (catchUp(), (isFollowing.current = true), toEnd()) };
}
