import { expect, it } from "vitest";
import { argumentsOf, gist } from "./tool-arguments";

it("tells what a call does by its first argument, also of torn JSON", () => {
  expect(gist('{"command":"df -h /\\nls \\"a\\"","timeout":5}')).toBe('df -h / ls "a"');
  expect(gist('{"command":"tail -n 100 /var/log/sys')).toBe("tail -n 100 /var/log/sys");
  expect(gist('{"limit":20,"q":"x"}')).toBe("20");
  expect(gist("{}")).toBe("");
  expect(gist(null)).toBe("");
});

it("gives texts as they are, and other values as JSON", () => {
  expect(argumentsOf('{"path":"a.py","lines":[1,2]}')).toEqual([
    { name: "path", value: "a.py", isText: true },
    { name: "lines", value: "[\n  1,\n  2\n]", isText: false },
  ]);
  expect(argumentsOf('{"path":')).toBeNull();
  expect(argumentsOf('"text"')).toBeNull();
});
