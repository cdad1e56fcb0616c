"use client";

import { CalendarRange } from "lucide-react";
import { useId, useRef, type FormEvent } from "react";
import { boundOf, PERIODS, type Bound, type Period, type useRange } from "@/address/use-range";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { Button, buttonLook } from "./button";
import { Choice } from "./choice";
import { common } from "./messages";

/** Of the form in which days are chosen, and of what is left free around it, in pixels. */
const WIDTH = 288;
const EDGE = 8;

interface RangePickerProps {
  range: ReturnType<typeof useRange>;
  periods?: readonly Period[];
}

/** Chooses the range of time that a page shows; it stands in the address. */
export function RangePicker({ range, periods = PERIODS }: RangePickerProps) {
  const text = useMessages(common);
  const format = useFormat();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);

  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const days = new FormData(event.currentTarget);
    range.chooseDays({ since: String(days.get("since")) || null, until: String(days.get("until")) || null });
    popover.current?.hidePopover();
  };

  /** Below its button, and within the window. */
  const place = () => {
    if (!popover.current || !button.current) return;
    const at = button.current.getBoundingClientRect();
    const right = Math.min(document.documentElement.clientWidth - at.right, document.documentElement.clientWidth - WIDTH - EDGE);
    popover.current.style.top = `${at.bottom + EDGE}px`;
    popover.current.style.right = `${Math.max(EDGE, right)}px`;
  };

  const shown = (bound: Bound | null) =>
    bound === null ? "…" : { day: () => format.date(`${bound.at}T00:00`), moment: () => format.dateTime(bound.at), text: () => bound.at }[bound.kind]();
  const days = range.period === null ? [boundOf(range.since), boundOf(range.until, true)].map(shown).join(" – ") : null;
  return (
    <div className={`flex max-w-full items-center gap-2 ${days ? "flex-wrap" : ""}`}>
      <Choice<Period | "days">
        quiet
        legend={text.range}
        value={range.period ?? "days"}
        options={periods.map((period) => ({ value: period, label: text.periods[period] }))}
        onChange={(period) => period !== "days" && range.choosePeriod(period)}
      />
      <button ref={button} type="button" popoverTarget={id} className={buttonLook()} aria-label={days ? `${text.ownPeriod} ${days}` : text.ownPeriod}>
        <CalendarRange aria-hidden className="size-4" strokeWidth={1.75} />
        {days}
      </button>
      <div
        ref={popover}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={text.ownPeriod}
        onBeforeToggle={place}
        style={{ width: WIDTH }}
        className="fixed inset-auto m-0 rounded-xl border border-line bg-surface p-4 text-ink shadow-xl"
      >
        <form onSubmit={apply} className="flex flex-col gap-3 text-sm">
          <Day name="since" label={text.from} bound={boundOf(range.since)} />
          <Day name="until" label={text.to} bound={boundOf(range.until, true)} />
          <Button type="submit" look="primary">
            {text.apply}
          </Button>
        </form>
      </div>
    </div>
  );
}

function Day({ name, label, bound }: { name: string; label: string; bound: Bound | null }) {
  const known = bound?.kind === "day" ? bound.at : "";
  return (
    <label className="flex items-center justify-between gap-4">
      {label}
      <input
        key={known}
        type="date"
        name={name}
        defaultValue={known}
        className="rounded-lg border border-line-strong bg-canvas px-2 py-1.5"
      />
    </label>
  );
}
