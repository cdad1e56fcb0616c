import Link from "next/link";
import { useFormat } from "@/preferences/reader";

interface ErrorsProps {
  count: number;
  /** What failed, for whoever hears the link. */
  name: string;
  href: string;
}

/** How often something failed, which leads to the sessions where it did. */
export function Errors({ count, name, href }: ErrorsProps) {
  const figure = useFormat().number(count);
  if (count === 0) return <span className="text-muted">{figure}</span>;
  return (
    <Link href={href} aria-label={`${name} ${figure}`} className="inline-block min-w-6 text-bad hover:underline">
      {figure}
    </Link>
  );
}
