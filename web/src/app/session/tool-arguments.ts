export interface Argument {
  name: string;
  /** Text as it is; of other values their JSON. */
  value: string;
  isText: boolean;
}

/** The arguments of a call by name; null where they are no JSON object, or torn. */
export function argumentsOf(json: string): Argument[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  return Object.entries(parsed).map(([name, value]) =>
    typeof value === "string"
      ? { name, value, isText: true }
      : { name, value: JSON.stringify(value, null, 2), isText: false },
  );
}

/** What a call does, on one line: its first argument, from JSON that may end anywhere. */
export function gist(json: string | null): string {
  const found = /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*(?:"((?:[^"\\]|\\.)*)|([^,}]*))/.exec(json ?? "");
  if (!found) return "";
  if (found[1] === undefined) return (found[2] ?? "").trim();
  return found[1].replace(/\\[nrt]/g, " ").replace(/\\u[0-9a-f]{4}/gi, "").replace(/\\(.)/g, "$1").trim();
}
