import Link from "next/link";
import type { ReactNode } from "react";

interface FigureProps {
  label: string;
  value: ReactNode;
  /** What leads to the sessions that it counts, and no others; without it the figure is just told. */
  href?: string;
  note?: ReactNode;
}

/** A figure; one that leads to what it counts is a link. */
export function Figure({ label, value, href, note }: FigureProps) {
  const look = "min-w-0 rounded-xl border border-line bg-surface px-4 py-3";
  const content = (
    <>
      <span className="block truncate text-sm text-muted">{label}</span>
      <span className="block truncate text-xl font-semibold tracking-tight tabular-nums group-hover:text-accent">{value}</span>
      <span className="block min-h-[1.25rem] truncate text-xs leading-5 text-muted">{note}</span>
    </>
  );
  if (href === undefined) return <div className={look}>{content}</div>;
  return (
    <Link href={href} className={`group transition-colors hover:border-line-strong ${look}`}>
      {content}
    </Link>
  );
}
