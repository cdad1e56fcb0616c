"use client";

import { useEffect, useId, useRef } from "react";

interface ChoiceProps<Value extends string> {
  legend: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  /** One below the other, for long labels. */
  stacked?: boolean;
  /** The legend is for screen readers only. */
  quiet?: boolean;
}

/** One of a few: radio buttons that look like a row of buttons. */
export function Choice<Value extends string>({ legend, value, options, onChange, stacked, quiet }: ChoiceProps<Value>) {
  const name = useId();
  const row = useRef<HTMLDivElement>(null);

  useEffect(() => {
    // Where not all fit, the chosen one is in the middle of what is seen.
    const chosen = row.current?.querySelector<HTMLElement>(":has(> :checked)");
    if (row.current && chosen) row.current.scrollLeft = chosen.offsetLeft - (row.current.clientWidth - chosen.offsetWidth) / 2;
  }, [value]);

  return (
    <fieldset className="max-w-full min-w-0">
      <legend className={quiet ? "sr-only" : "mb-1.5 text-sm text-muted"}>{legend}</legend>
      <div ref={row} className={`relative flex gap-0.5 rounded-lg bg-sunken p-0.5 ${stacked ? "flex-col" : "w-fit max-w-full overflow-x-auto"}`}>
        {options.map((option) => (
          <label
            key={option.value}
            className="relative cursor-pointer rounded-md px-2.5 py-1 text-sm whitespace-nowrap text-muted transition-colors hover:text-ink has-checked:bg-raised has-checked:text-ink has-checked:shadow-xs has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="sr-only"
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
