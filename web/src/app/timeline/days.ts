/** A day of the address, `2026-03-01`, as its begin by the reader's clock; null where it is none. */
export function dayOf(text: string | null): Date | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "");
  if (!parts) return null;
  const day = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  return Number.isNaN(day.getTime()) ? null : day;
}

/** A moment's day by the reader's clock, as it stands in the address. */
export function dayName(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}
