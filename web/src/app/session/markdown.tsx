"use client";

import { isValidElement, memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "./code";

const PLUGINS = [remarkGfm];
const FENCE = /language-([\w-]+)/;

// No image of a text is loaded: it would be a request to another machine, which would learn who reads when.
const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener" className="text-accent underline underline-offset-2">
      {children}
    </a>
  ),
  img: ({ src, alt }) => <span className="text-muted">[{alt || (typeof src === "string" ? src : "")}]</span>,
  pre: ({ children }) => <Fence>{children}</Fence>,
  table: ({ children }) => (
    <div className="overflow-x-auto" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  input: ({ checked }) => <span aria-hidden>{checked ? "☑ " : "☐ "}</span>,
};

/** What somebody wrote, as Markdown: it can't do more than stand there. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose">
      <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
});

function Fence({ children }: { children: ReactNode }) {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children)) return <pre>{children}</pre>;
  const { className = "", children: code } = children.props;
  const language = FENCE.exec(className)?.[1] ?? null;
  return <Code code={String(code ?? "").replace(/\n$/, "")} language={language} label={language ?? "text"} />;
}
