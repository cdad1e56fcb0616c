"use client";

import { CircleAlert, Inbox } from "lucide-react";
import type { ReactNode } from "react";
import type { ApiError } from "@/api/problem";
import { useMessages } from "@/preferences/messages";
import { Button } from "./button";
import { common } from "./messages";

/** Something is being read; shown only if that takes noticeably long. */
export function Loading({ className = "h-40" }: { className?: string }) {
  const text = useMessages(common);
  return (
    <div role="status" className={`flex items-center justify-center ${className}`}>
      <span className="size-5 animate-[spin_0.9s_linear_infinite] rounded-full border-2 border-line border-t-accent" />
      <span className="sr-only">{text.loading}</span>
    </div>
  );
}

/** Says to those who can't see it that something has changed. */
export function Announcement({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="sr-only">
      {children}
    </p>
  );
}

interface EmptyProps {
  title: string;
  /** What to do to see something here. */
  children?: ReactNode;
}

/** There is nothing to show. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-1 px-6 py-12 text-center">
      <Inbox aria-hidden className="mb-2 size-7 text-muted" strokeWidth={1.5} />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-sm text-muted">{children}</div>}
    </div>
  );
}

interface FailedProps {
  error: ApiError;
  /** Reads again: `mutate` of useApi. */
  retry?: () => void;
}

/** Something could not be read: what, and what to do. */
export function Failed({ error, retry }: FailedProps) {
  const text = useMessages(common);
  const away = error.status === 0;
  return (
    <div role="alert" className="flex flex-col items-center gap-1 px-6 py-12 text-center">
      <CircleAlert aria-hidden className="mb-2 size-7 text-bad" strokeWidth={1.5} />
      <p className="font-medium">{away ? text.unreachable : text.failed}</p>
      <p className="max-w-prose text-sm text-muted">
        {away ? <Commands text={text.unreachableHint} /> : error.message}
        {!away && error.hint && (
          <>
            <br />
            <Commands text={error.hint} />
          </>
        )}
      </p>
      {retry && (
        <Button className="mt-3" onClick={retry}>
          {text.retry}
        </Button>
      )}
    </div>
  );
}

/** A text in which commands stand between backticks. */
export function Commands({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    index % 2 ? (
      <code key={index} className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.9em]">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
