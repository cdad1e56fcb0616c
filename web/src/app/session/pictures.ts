export interface Picture {
  /** A data URL. */
  source: string;
  mediaType: string;
}

// What a browser shows as a picture and as nothing else: SVG may hold scripts.
const SHOWN: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

/** The pictures that a line of a transcript holds, in its blocks of type image. */
export function picturesOf(line: string): Picture[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  const content = field(field(parsed, "message"), "content");
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => {
    // Some write them as their provider's API takes them, within `source`.
    const holder = field(block, "source") ?? block;
    const data = field(holder, "data");
    const mediaType = field(holder, "mimeType") ?? field(holder, "media_type");
    if (field(block, "type") !== "image" || typeof data !== "string" || typeof mediaType !== "string") return [];
    return SHOWN.has(mediaType) ? [{ source: `data:${mediaType};base64,${data}`, mediaType }] : [];
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
