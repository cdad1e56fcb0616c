import type { Answer } from "@/api/use-api";

export type Transition = Answer<"/v1/patterns/tools">["transitions"][number];

export interface Node {
  name: string;
  x: number;
  y: number;
  radius: number;
  calls: number;
  /** Where its name stands: beside it, away from the middle. */
  label: { x: number; y: number; anchor: "start" | "middle" | "end" };
}

export interface Edge {
  transition: Transition;
  source: string;
  target: string;
  /** Of an SVG path. */
  path: string;
  width: number;
  /** The tip of its arrow, and the direction in degrees. */
  tip: { x: number; y: number; angle: number };
}

export interface Graph {
  width: number;
  height: number;
  nodes: Node[];
  edges: Edge[];
  /** How many tools there are, those included for which there is no room. */
  tools: number;
}

/** How much room there is: on a phone fewer can be told apart. */
export const SIZES = {
  wide: { width: 760, height: 460, ring: { x: 250, y: 165 }, tools: 12 },
  narrow: { width: 350, height: 400, ring: { x: 58, y: 145 }, tools: 8 },
} as const;
type Size = (typeof SIZES)[keyof typeof SIZES];
/** Beside the busiest, what is rarer than this would be a hair. */
const LEAST_SHARE = 0.004;
const [LEAST_WIDTH, MOST_WIDTH] = [1, 9];
const [LEAST_RADIUS, MOST_RADIUS] = [6, 22];

/** The tools that are called most, on an ellipse, and how they follow one another. */
export function graphOf(transitions: readonly Transition[], size: Size = SIZES.wide): Graph {
  const calls = new Map<string, number>();
  for (const each of transitions) calls.set(each.target, (calls.get(each.target) ?? 0) + each.calls);
  const names = [...calls].sort(([a, many], [b, more]) => more - many || a.localeCompare(b)).slice(0, size.tools);
  const busiest = names[0]?.[1] ?? 1;
  const nodes = ordered(names.map(([name]) => name), transitions).map((name, place, all) =>
    nodeAt(name, calls.get(name) ?? 0, busiest, place / all.length, size),
  );
  const known = new Map(nodes.map((node) => [node.name, node]));
  const shown = transitions.filter((each) => known.has(each.source ?? "") && known.has(each.target));
  const most = Math.max(1, ...shown.map((each) => each.calls));
  const edges = shown
    .filter((each) => each.calls / most >= LEAST_SHARE)
    // The busiest is drawn last, above the others.
    .sort((a, b) => a.calls - b.calls)
    .map((each) => edgeOf(each, known.get(each.source ?? "") as Node, known.get(each.target) as Node, most, size));
  return { width: size.width, height: size.height, nodes, edges, tools: calls.size };
}

/** Those that follow one another often stand beside one another. */
function ordered(names: string[], transitions: readonly Transition[]): string[] {
  const weight = (a: string, b: string) =>
    transitions.reduce(
      (sum, each) =>
        (each.source === a && each.target === b) || (each.source === b && each.target === a) ? sum + each.calls : sum,
      0,
    );
  const left = [...names];
  const found = left.splice(0, 1);
  while (left.length > 0) {
    const last = found.at(-1) as string;
    left.sort((a, b) => weight(last, b) - weight(last, a));
    found.push(left.shift() as string);
  }
  return found;
}

function nodeAt(name: string, calls: number, busiest: number, turn: number, size: Size): Node {
  const angle = 2 * Math.PI * turn - Math.PI / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const x = size.width / 2 + size.ring.x * cos;
  const y = size.height / 2 + size.ring.y * sin;
  const radius = LEAST_RADIUS + (MOST_RADIUS - LEAST_RADIUS) * Math.sqrt(calls / busiest);
  const away = radius + 8;
  return {
    name,
    x,
    y,
    radius,
    calls,
    label: {
      x: x + away * cos,
      y: y + away * sin + 4 + (Math.abs(cos) < 0.2 ? 6 * Math.sign(sin) : 0),
      anchor: Math.abs(cos) < 0.2 ? "middle" : cos > 0 ? "start" : "end",
    },
  };
}

function edgeOf(transition: Transition, from: Node, to: Node, most: number, size: Size): Edge {
  const width = LEAST_WIDTH + (MOST_WIDTH - LEAST_WIDTH) * Math.sqrt(transition.calls / most);
  const drawn = from === to ? loop(from, size) : curve(from, to, width);
  return { transition, source: from.name, target: to.name, width, ...drawn };
}

/** A loop on the inner side of a tool that follows itself, where no name stands. */
function loop(node: Node, size: Size): Pick<Edge, "path" | "tip"> {
  const inward = Math.atan2(size.height / 2 - node.y, size.width / 2 - node.x);
  const at = (turn: number, distance: number) => ({
    x: node.x + distance * Math.cos(inward + turn),
    y: node.y + distance * Math.sin(inward + turn),
  });
  const [begin, end] = [at(-0.5, node.radius), at(0.5, node.radius + 4)];
  const [first, second] = [at(-0.75, node.radius + 42), at(0.75, node.radius + 42)];
  const angle = Math.atan2(end.y - second.y, end.x - second.x);
  return {
    path: `M${point(begin)}C${point(first)} ${point(second)} ${point(end)}`,
    tip: { ...end, angle: degrees(angle) },
  };
}

/** A curve that keeps to its right, so that there and back are two lines. */
function curve(from: Node, to: Node, width: number): Pick<Edge, "path" | "tip"> {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bend = 0.14 * length;
  const middle = { x: (from.x + to.x) / 2 - (dy / length) * bend, y: (from.y + to.y) / 2 + (dx / length) * bend };
  const begin = towards(from, middle, from.radius + 1);
  const end = towards(to, middle, to.radius + 4 + width);
  const angle = Math.atan2(end.y - middle.y, end.x - middle.x);
  return { path: `M${point(begin)}Q${point(middle)} ${point(end)}`, tip: { ...end, angle: degrees(angle) } };
}

function towards(node: Node, other: { x: number; y: number }, distance: number) {
  const length = Math.hypot(other.x - node.x, other.y - node.y) || 1;
  return { x: node.x + ((other.x - node.x) / length) * distance, y: node.y + ((other.y - node.y) / length) * distance };
}

const point = ({ x, y }: { x: number; y: number }) => `${x.toFixed(1)},${y.toFixed(1)}`;
const degrees = (angle: number) => (angle * 180) / Math.PI;
