import { describe, expect, it } from "vitest";
import { orderOf, orderText, sorted, turned } from "./sorting";

describe("an order of rows", () => {
  it("has what is not known last, either way", () => {
    const rows = [{ ms: null }, { ms: 3 }, { ms: 20 }];
    expect(sorted(rows, (row) => row.ms, true).map((row) => row.ms)).toEqual([20, 3, null]);
    expect(sorted(rows, (row) => row.ms, false).map((row) => row.ms)).toEqual([3, 20, null]);
  });

  it("begins with the largest figure or the first name, and is turned by a second click", () => {
    expect(turned(null, "cost", true)).toEqual({ column: "cost", descending: true });
    expect(turned({ column: "cost", descending: true }, "cost", true)).toEqual({ column: "cost", descending: false });
    expect(turned({ column: "cost", descending: true }, "model", false)).toEqual({ column: "model", descending: false });
  });

  it("is read from the address as it was written", () => {
    for (const text of ["cost", "-cost"]) expect(orderText(orderOf(text) ?? { column: "", descending: false })).toBe(text);
    expect(orderOf(null)).toBeNull();
  });
});
