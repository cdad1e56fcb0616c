"use client";

import { usePathname, useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

export type Changes = Readonly<Record<string, string | null>>;

/**
 * What the page shows is in its address, so that it can be shared, kept and gone back to.
 *
 * `change` sets parameters, and removes those that are null or empty. `push` makes a step of the browser's history of
 * it; without it the address is replaced, as is right for what is typed.
 */
export function useAddress() {
  const parameters = useSearchParams();
  const pathname = usePathname();

  const change = useCallback(
    (changes: Changes, how: "push" | "replace" = "replace") => {
      const address = addressOf(pathname, changes, new URLSearchParams(location.search));
      if (how === "push") history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    },
    [pathname],
  );

  return useMemo(() => ({ parameters, change }), [parameters, change]);
}

/** An address with some parameters changed. */
export function addressOf(path: string, changes: Changes, now: URLSearchParams = new URLSearchParams()): string {
  const next = new URLSearchParams(now);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  const query = next.toString();
  return query ? `${path}?${query}` : path;
}
