"use client";

import { usePathname, useSearchParams } from "next/navigation";
import { useEffect } from "react";
import { create } from "zustand";

/** The page from which one came to a session, with what it was set to. */
export const useCameFrom = create<{ pathname: string; address: string }>(() => ({
  pathname: "/sessions",
  address: "/sessions",
}));

/** Remembers the page that is open; a session is gone back from, not to. */
export function RememberPage() {
  const pathname = usePathname();
  const parameters = useSearchParams().toString();
  useEffect(() => {
    if (pathname === "/session") return;
    useCameFrom.setState({ pathname, address: parameters ? `${pathname}?${parameters}` : pathname });
  }, [pathname, parameters]);
  return null;
}
