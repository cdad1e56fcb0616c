/** How much of the whole something is, as a line below its name; the figures stand beside it. */
export function ShareBar({ share, bad = 0 }: { share: number; bad?: number }) {
  return (
    <span aria-hidden className="mt-1 block h-1 w-full overflow-hidden rounded-full bg-sunken">
      <span className="flex h-full rounded-full bg-series-1" style={{ width: `${Math.max(share * 100, share > 0 ? 1 : 0)}%` }}>
        <span className="ml-auto h-full bg-bad" style={{ width: `${bad * 100}%` }} />
      </span>
    </span>
  );
}
