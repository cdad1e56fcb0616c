export interface Piece {
  text: string;
  found: boolean;
}

/** The pieces of a snippet, in which `<em>` stands around what was found. */
export function pieces(snippet: string): Piece[] {
  return snippet
    .split(/<em>(.*?)<\/em>/s)
    .map((text, index) => ({ text, found: index % 2 === 1 }))
    .filter(({ text }) => text !== "");
}
