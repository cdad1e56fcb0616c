"use client";

import { ChevronRight } from "lucide-react";
import { useId, type ReactNode } from "react";
import { useFolds } from "./folds";

interface FoldProps {
  /** What is remembered of it. */
  name: string;
  head: ReactNode;
  children: () => ReactNode;
  className?: string;
}

/** Something that is folded until it is looked at. */
export function Fold({ name, head, children, className = "" }: FoldProps) {
  const isOpen = useFolds((folds) => folds.open.has(name));
  const toggle = useFolds((folds) => folds.toggle);
  const id = useId();
  return (
    <div className={className}>
      <button
        type="button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => toggle(name)}
        className="flex w-full min-w-0 items-center gap-2 rounded-lg px-2 py-1 text-left text-sm hover:bg-sunken"
      >
        <ChevronRight aria-hidden className={`size-3.5 shrink-0 text-muted transition-transform ${isOpen ? "rotate-90" : ""}`} />
        {head}
      </button>
      {isOpen && (
        <div id={id} className="pt-1 pb-2 pl-7.5">
          {children()}
        </div>
      )}
    </div>
  );
}
