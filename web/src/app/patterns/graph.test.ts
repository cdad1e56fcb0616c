import { describe, expect, it } from "vitest";
import { graphOf, SIZES, type Transition } from "./graph";

const transition = (source: string | null, target: string, calls: number): Transition => ({
  source,
  target,
  calls,
  succeeded: calls,
  failed: 0,
  sessions: 1,
  examples: [],
});

describe("the graph of tools", () => {
  it("has the tools that are called most, and the transitions between them", () => {
    const many = Array.from({ length: 20 }, (_, n) => transition(null, `tool-${n}`, 100 - n));
    const graph = graphOf([...many, transition("tool-0", "tool-1", 50), transition("tool-0", "tool-19", 1)]);
    expect(graph.nodes).toHaveLength(SIZES.wide.tools);
    expect(graph.tools).toBe(20);
    expect(graph.edges.map(({ source, target }) => [source, target])).toEqual([["tool-0", "tool-1"]]);
  });

  it("draws what is frequent thick, and a tool that follows itself as a loop", () => {
    const graph = graphOf([transition("read", "exec", 100), transition("exec", "read", 1), transition("exec", "exec", 25)]);
    const width = (source: string, target: string) =>
      graph.edges.find((edge) => edge.source === source && edge.target === target)?.width ?? 0;
    expect(width("read", "exec")).toBeGreaterThan(width("exec", "exec"));
    expect(width("exec", "exec")).toBeGreaterThan(width("exec", "read"));
    expect(graph.edges.find((edge) => edge.source === edge.target)?.path).toContain("C");
  });

  it.each(Object.values(SIZES))("keeps everything inside $width × $height", (size) => {
    const round = ["a", "b", "c", "d"].map((name, n) => transition(["d", "a", "b", "c"][n] ?? null, name, 5));
    const graph = graphOf(round, size);
    for (const node of graph.nodes) {
      expect(node.x - node.radius).toBeGreaterThan(0);
      expect(node.x + node.radius).toBeLessThan(graph.width);
      expect(node.y + node.radius).toBeLessThan(graph.height);
    }
  });

  it("is empty where nothing was called", () => {
    expect(graphOf([])).toMatchObject({ nodes: [], edges: [] });
  });
});
