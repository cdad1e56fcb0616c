"use client";

import { useSyncExternalStore } from "react";

/** Below the breakpoint `sm`: a phone held upright. */
const NARROW = "(width < 40rem)";

function subscribe(changed: () => void) {
  const query = matchMedia(NARROW);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

/** Whether the window is as narrow as a phone: for what is drawn otherwise then, not only smaller. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches, () => false);
}
