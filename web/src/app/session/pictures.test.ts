import { expect, it } from "vitest";
import { picturesOf } from "./pictures";

const line = (...content: object[]) => JSON.stringify({ type: "message", message: { role: "user", content } });

it("finds the pictures of a line, whichever way they are written", () => {
  const found = picturesOf(
    line(
      { type: "text", text: "look" },
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "BBBB" } },
    ),
  );
  expect(found.map((picture) => picture.source)).toEqual(["data:image/png;base64,AAAA", "data:image/jpeg;base64,BBBB"]);
});

it("shows nothing that might be more than a picture", () => {
  expect(picturesOf(line({ type: "image", data: "AAAA", mimeType: "image/svg+xml" }))).toEqual([]);
  expect(picturesOf("{torn")).toEqual([]);
  expect(picturesOf('{"message":{"content":"text"}}')).toEqual([]);
});
