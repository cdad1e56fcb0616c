"use client";

import { useState } from "react";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import type { Edge, Graph } from "./graph";
import { texts } from "./messages";

interface TransitionGraphProps {
  graph: Graph;
  chosen: string | null;
  onChoose: (tool: string | null) => void;
}

/** Tools as circles, what follows what as arrows; what fails is red. A tool under the pointer shows its own arrows. */
export function TransitionGraph({ graph, chosen, onChoose }: TransitionGraphProps) {
  const text = useMessages(texts);
  const format = useFormat();
  const [pointed, setPointed] = useState<string | null>(null);
  const shown = pointed ?? chosen;
  const isFaded = (edge: Edge) => shown !== null && edge.source !== shown && edge.target !== shown;
  const colour = ({ transition }: Edge) =>
    `color-mix(in oklab, var(--color-bad) ${Math.round((100 * transition.failed) / Math.max(1, transition.calls))}%, var(--color-series-1))`;
  return (
    <svg viewBox={`0 0 ${graph.width} ${graph.height}`} className="mx-auto w-full max-w-4xl">
      {graph.edges.map((edge) => (
        <g
          key={`${edge.source} ${edge.target}`}
          className="transition-opacity"
          opacity={isFaded(edge) ? 0.06 : 0.35 + 0.5 * (edge.width / 9)}
          style={{ color: colour(edge) }}
        >
          <title>
            {text.transition(
              edge.source,
              edge.target,
              text.callsOf(edge.transition.calls, format.number(edge.transition.calls)),
              format.number(edge.transition.failed),
            )}
          </title>
          <path d={edge.path} fill="none" stroke="currentColor" strokeWidth={edge.width} />
          <path
            d={`M${edge.width + 3},0L-2,${-edge.width / 2 - 2}L-2,${edge.width / 2 + 2}Z`}
            fill="currentColor"
            transform={`translate(${edge.tip.x} ${edge.tip.y}) rotate(${edge.tip.angle})`}
          />
        </g>
      ))}
      {graph.nodes.map((node) => (
        <g
          key={node.name}
          onMouseEnter={() => setPointed(node.name)}
          onMouseLeave={() => setPointed(null)}
          onClick={() => onChoose(chosen === node.name ? null : node.name)}
          className="cursor-pointer"
        >
          <title>{`${node.name}: ${format.number(node.calls)}`}</title>
          <circle
            cx={node.x}
            cy={node.y}
            r={node.radius}
            className={`${shown === node.name ? "fill-accent" : "fill-surface"} stroke-accent`}
            strokeWidth={2}
          />
          <text
            x={node.label.x}
            y={node.label.y}
            textAnchor={node.label.anchor}
            className={`text-[13px] ${shown === node.name ? "fill-accent font-medium" : "fill-ink"}`}
            // A name stays readable where a line runs below it.
            paintOrder="stroke"
            stroke="var(--color-surface)"
            strokeWidth={4}
            strokeLinejoin="round"
          >
            {node.name}
          </text>
        </g>
      ))}
    </svg>
  );
}
