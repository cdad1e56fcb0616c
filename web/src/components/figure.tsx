import Link from "next/link";
import type { ReactNode } from "react";

interface FigureProps {
  label: string;
  value: ReactNode;
  /** What leads behind the figure. */
  href: string;
  note?: ReactNode;
}

/** A figure that leads to what it counts. */
export function Figure({ label, value, href, note }: FigureProps) {
  return (
    <Link
      href={href}
      className="group min-w-0 rounded-xl border border-line bg-surface px-4 py-3 transition-colors hover:border-line-strong"
    >
      <span className="block truncate text-sm text-muted">{label}</span>
      <span className="block truncate text-xl font-semibold tracking-tight tabular-nums group-hover:text-accent">{value}</span>
      <span className="block min-h-[1.25rem] truncate text-xs leading-5 text-muted">{note}</span>
    </Link>
  );
}
