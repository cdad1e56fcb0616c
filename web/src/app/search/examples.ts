/** The facet that has the values of each operator that is shown. */
export const FACETS = { from: "sender", tool: "tool", model: "model", channel: "channel" } as const;

/**
 * An example that finds something: an operator with a value that there is.
 *
 * @param written How it is explained, such as `from:ada`.
 * @param known The most frequent value of an operator; undefined where there is none, or it is not read yet.
 */
export function exampleOf(written: string, known: (operator: keyof typeof FACETS) => string | undefined): string {
  const operator = written.split(":")[0] as keyof typeof FACETS;
  const value = operator in FACETS && written.includes(":") ? known(operator) : undefined;
  if (value === undefined) return written;
  return `${operator}:${/\s/.test(value) ? `"${value}"` : value}`;
}
