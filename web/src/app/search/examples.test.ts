import { expect, it } from "vitest";
import { exampleOf } from "./examples";

it("is made of what there is, in quotes where it has spaces", () => {
  const known = (operator: string) => ({ from: "Mira Lindgren", tool: "exec" })[operator];
  expect(exampleOf("from:ada", known)).toBe('from:"Mira Lindgren"');
  expect(exampleOf("tool:read", known)).toBe("tool:exec");
  expect(exampleOf("model:opus", known)).toBe("model:opus");
  expect(exampleOf("backup plan", known)).toBe("backup plan");
});
