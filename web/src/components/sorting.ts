/** What rows are sorted by: a figure, or a text; null is not known, and comes last. */
export type Sortable = number | string | null;

/** The order of a table's rows. */
export interface Order {
  /** Key of the column. */
  column: string;
  descending: boolean;
}

/** An order as it stands in the address: `cost`, or `-cost` for the largest first. */
export function orderOf(text: string | null): Order | null {
  if (!text) return null;
  return text.startsWith("-") ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

export const orderText = ({ column, descending }: Order) => `${descending ? "-" : ""}${column}`;

/** What a click on a column's head makes of the order: first as such a column is mostly wanted, then the other way. */
export function turned(order: Order | null, column: string, isFigure: boolean): Order {
  return { column, descending: order?.column === column ? !order.descending : isFigure };
}

/** Rows in another order; equal ones stay as they were, and what is not known comes last either way. */
export function sorted<Row>(rows: readonly Row[], by: (row: Row) => Sortable, descending: boolean): Row[] {
  return [...rows].sort((a, b) => {
    const [first, second] = [by(a), by(b)];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    const difference = typeof first === "string" ? first.localeCompare(String(second)) : first - Number(second);
    return descending ? -difference : difference;
  });
}
