import { useId, type ReactNode } from "react";

interface CardProps {
  title?: string;
  /** What it shows, in a few words. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  /** Its content reaches the edges, as a table does. */
  flush?: boolean;
  /** What it shows answers the question before. */
  busy?: boolean;
}

/** A part of a page. */
export function Card({ title, note, actions, children, className = "", flush, busy }: CardProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={title ? id : undefined}
      aria-busy={busy}
      className={`min-w-0 overflow-hidden rounded-xl border border-line bg-surface ${className}`}
    >
      {(title || actions) && (
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-5 pt-4">
          <div className="min-w-0 flex-1 basis-48">
            <h2 id={id} className="font-medium">
              {title}
            </h2>
            {note && <p className="text-sm text-muted">{note}</p>}
          </div>
          {actions}
        </div>
      )}
      <div className={flush ? "pt-2" : "p-5"}>{children}</div>
    </section>
  );
}
