"use client";

import { useMemo } from "react";
import { highlighted } from "./highlighting";

interface CodeProps {
  code: string;
  language?: string | null;
  /** What it is, for screen readers. */
  label: string;
  tone?: "plain" | "bad";
  /** Lines are broken where the room ends. */
  wrap?: boolean;
}

/** A block of code or of a tool's output; long ones scroll in themselves. */
export function Code({ code, language = null, label, tone = "plain", wrap = false }: CodeProps) {
  const html = useMemo(() => highlighted(code, language), [code, language]);
  const look = tone === "bad" ? "bg-bad-soft" : "bg-sunken";
  return (
    // What scrolls must be reached by the keyboard.
    <pre
      tabIndex={0}
      role="group"
      aria-label={label}
      className={`max-h-96 overflow-auto rounded-lg px-3.5 py-2.5 font-mono text-[0.8125rem] leading-relaxed ${look} ${wrap ? "break-all whitespace-pre-wrap" : ""}`}
    >
      {/* Everything in it was escaped by the highlighter. */}
      {html === null ? <code>{code}</code> : <code dangerouslySetInnerHTML={{ __html: html }} />}
    </pre>
  );
}
