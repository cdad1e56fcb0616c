import { Activity, ChartNoAxesColumn, GanttChart, MessagesSquare, Search, Waypoints, type LucideIcon } from "lucide-react";

export interface Page {
  name: "overview" | "search" | "sessions" | "patterns" | "timeline" | "operations";
  path: string;
  icon: LucideIcon;
}

/** The pages, in the order of the navigation. */
export const PAGES: readonly Page[] = [
  { name: "overview", path: "/", icon: ChartNoAxesColumn },
  { name: "search", path: "/search", icon: Search },
  { name: "sessions", path: "/sessions", icon: MessagesSquare },
  { name: "patterns", path: "/patterns", icon: Waypoints },
  { name: "timeline", path: "/timeline", icon: GanttChart },
  { name: "operations", path: "/operations", icon: Activity },
];

/** Whether a page is the one at an address, or holds it: a session belongs to the sessions. */
export function isAt(page: Page, pathname: string): boolean {
  const at = pathname.replace(/\.html$/, "").replace(/(.)\/$/, "$1");
  return at === page.path || (page.name === "sessions" && at === "/session");
}
