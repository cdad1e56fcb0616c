"use client";

import { useEffect, type ReactNode } from "react";

interface PageHeadProps {
  title: string;
  /** One sentence that says what the page is for. */
  children?: ReactNode;
  /** What the page as a whole is set by, such as a RangePicker. */
  actions?: ReactNode;
}

/** The head of a page; it names the browser's tab as well. */
export function PageHead({ title, children, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · SessionTrack`;
  }, [title]);
  return (
    <div className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {children && <p className="mt-1 max-w-3xl text-pretty text-muted">{children}</p>}
      </div>
      {actions && <div className="max-w-full">{actions}</div>}
    </div>
  );
}
