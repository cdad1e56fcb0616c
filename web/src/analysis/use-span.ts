"use client";

import { useMemo, useState } from "react";
import type { Range } from "@/address/use-range";
import { spanOf, type Span } from "./span";

/** What a range of the address means to this reader now; it moves when the page is opened anew. */
export function useSpan(range: Range): { span: Span; now: Date } {
  const [now] = useState(() => new Date());
  const { since, until } = range;
  const span = useMemo(
    () => spanOf({ since, until }, Intl.DateTimeFormat().resolvedOptions().timeZone, now),
    [since, until, now],
  );
  return useMemo(() => ({ span, now }), [span, now]);
}
