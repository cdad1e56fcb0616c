"use client";

import { ChevronLeft } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { useCameFrom } from "@/address/came-from";
import { common } from "@/components/messages";
import { isAt, PAGES } from "@/components/pages";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

/** Leads back to where one came from, as the Escape key does. */
export function BackLink() {
  const text = useMessages(texts);
  const { pages } = useMessages(common);
  const router = useRouter();
  const { pathname, address } = useCameFrom();
  const page = PAGES.find((each) => isAt(each, pathname));

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      // What lies over the page is closed first, and a field keeps what its key does.
      if (document.querySelector("dialog[open], :popover-open")) return;
      if ((event.target as HTMLElement).closest("input:not([type=checkbox], [type=radio]), select, textarea")) return;
      router.push(address);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [router, address]);

  return (
    <Link href={address} prefetch={false} className="mb-1 -ml-1 inline-flex items-center gap-0.5 text-sm text-muted hover:text-ink">
      <ChevronLeft aria-hidden className="size-4" />
      {page === undefined || page.name === "sessions" ? text.back : text.backTo(pages[page.name])}
    </Link>
  );
}
