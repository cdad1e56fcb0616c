import { describe, expect, it } from "vitest";
import { OTHERS, seriesOf, valuesOf, type ModelPeriod } from "./series";

const row = (model: string, total_tokens: number, since = "2026-03-01T00:00:00.000Z"): ModelPeriod => ({
  day: since.slice(0, 10),
  since,
  until: since,
  provider: "anthropic",
  model,
  sessions: 1,
  calls: 1,
  total_tokens,
  cost_usd: 0,
});

describe("models over time", () => {
  it("are apart, as many as have colours, and the others one", () => {
    const periods = Array.from({ length: 12 }, (_, n) => row(`model-${n}`, 100 - n));
    const series = seriesOf(periods, "total_tokens");
    expect(series).toHaveLength(8);
    expect(series.at(-1)).toEqual({ key: OTHERS, total: 93 + 92 + 91 + 90 + 89 });
    const [values] = valuesOf(periods, series, "total_tokens").values();
    expect(values?.[OTHERS]).toBe(455);
    expect(values?.["anthropic/model-0"]).toBe(100);
  });

  it("are ordered by what is measured", () => {
    const periods = [row("a", 1), row("b", 5), row("b", 5, "2026-03-02T00:00:00.000Z")];
    expect(seriesOf(periods, "total_tokens").map((each) => each.key)).toEqual(["anthropic/b", "anthropic/a"]);
    expect(seriesOf(periods, "calls").map((each) => each.total)).toEqual([2, 1]);
  });
});
