import { expect, it } from "vitest";
import { pieces } from "./highlight";

it("marks what was found, and takes all else as text", () => {
  expect(pieces("a <b>full</b> <em>disk</em>, again <em>disk</em>")).toEqual([
    { text: "a <b>full</b> ", found: false },
    { text: "disk", found: true },
    { text: ", again ", found: false },
    { text: "disk", found: true },
  ]);
  expect(pieces("")).toEqual([]);
});
