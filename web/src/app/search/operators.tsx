"use client";

import { useApi } from "@/api/use-api";
import { useMessages } from "@/preferences/messages";
import { exampleOf, FACETS } from "./examples";
import { texts } from "./messages";

/** What can be written, as the page shows it before anything is searched for: each example can be tried. */
export function Operators({ onChoose }: { onChoose: (example: string) => void }) {
  const text = useMessages(texts);
  return (
    <div className="mx-auto max-w-3xl pt-10">
      <h2 className="text-lg font-semibold">{text.begin}</h2>
      <p className="mt-1 mb-5 text-muted">{text.beginHint}</p>
      <OperatorTable onChoose={onChoose} />
    </div>
  );
}

export function OperatorTable({ onChoose }: { onChoose?: (example: string) => void }) {
  const text = useMessages(texts);
  const { data } = useApi("/v1/facets", { params: { query: { size: 1 } } }, { revalidateOnFocus: false });
  const known = (operator: keyof typeof FACETS) => data?.facets[FACETS[operator]]?.[0]?.value;
  return (
    <dl className="divide-y divide-line border-y border-line">
      {text.operators.map(([written, meaning]) => [exampleOf(written, known), meaning] as const).map(([example, meaning]) => (
        <div key={example} className="grid gap-x-6 gap-y-0.5 py-2 sm:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
          <dt>
            {onChoose ? (
              <button
                type="button"
                onClick={() => onChoose(example)}
                className="text-left font-mono text-sm text-accent hover:underline"
              >
                {example}
              </button>
            ) : (
              <code className="font-mono text-sm">{example}</code>
            )}
          </dt>
          <dd className="text-sm text-muted">{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
