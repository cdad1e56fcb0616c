"use client";

import { CircleHelp, Search, X } from "lucide-react";
import { useEffect, useId, type RefObject } from "react";
import { common } from "@/components/messages";
import { useMessages } from "@/preferences/messages";
import { OperatorTable } from "./operators";
import { texts } from "./messages";

interface SearchFieldProps {
  ref: RefObject<HTMLInputElement | null>;
  typed: string;
  onType: (text: string) => void;
  isLoading: boolean;
}

export function SearchField({ ref, typed, onType, isLoading }: SearchFieldProps) {
  const text = useMessages(texts);
  const { close } = useMessages(common);
  const help = useId();

  useEffect(() => {
    // On a phone that would open the keyboard before anybody has looked.
    if (matchMedia("(hover: hover)").matches) ref.current?.focus();
  }, [ref]);

  return (
    <div role="search" className="relative">
      <Search aria-hidden className="pointer-events-none absolute top-1/2 left-4 size-5 -translate-y-1/2 text-muted" strokeWidth={1.75} />
      <input
        ref={ref}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        value={typed}
        onChange={(event) => onType(event.target.value)}
        aria-label={text.field}
        placeholder={text.placeholder}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        data-search-field
        className="w-full rounded-xl border border-line-strong bg-surface py-3 pr-22 pl-12 text-lg outline-none placeholder:text-muted focus:border-accent focus:ring-3 focus:ring-accent/20"
      />
      <div className="absolute inset-y-0 right-2 flex items-center gap-0.5">
        {isLoading && <span aria-hidden className="mr-1 size-4 animate-spin rounded-full border-2 border-line border-t-accent" />}
        {typed !== "" && (
          <button
            type="button"
            aria-label={text.clear}
            onClick={() => (onType(""), ref.current?.focus())}
            className="rounded-md p-1.5 text-muted hover:bg-sunken hover:text-ink"
          >
            <X aria-hidden className="size-4" />
          </button>
        )}
        <button
          type="button"
          popoverTarget={help}
          aria-label={text.help}
          className="rounded-md p-1.5 text-muted hover:bg-sunken hover:text-ink"
        >
          <CircleHelp aria-hidden className="size-5" strokeWidth={1.75} />
        </button>
      </div>
      <div
        id={help}
        popover="auto"
        role="dialog"
        aria-label={text.help}
        className="m-auto max-h-[85dvh] w-[min(40rem,calc(100vw-2rem))] overflow-y-auto rounded-2xl border border-line bg-surface p-6 text-ink shadow-2xl backdrop:bg-black/30"
      >
        <div className="mb-3 flex items-start justify-between gap-4">
          <h2 className="text-lg font-semibold">{text.help}</h2>
          <button
            type="button"
            popoverTarget={help}
            popoverTargetAction="hide"
            aria-label={close}
            className="-mt-1 -mr-2 rounded-md p-1.5 text-muted hover:bg-sunken hover:text-ink"
          >
            <X aria-hidden className="size-5" />
          </button>
        </div>
        <OperatorTable />
      </div>
    </div>
  );
}
