"use client";

import { useAddress } from "@/address/use-address";
import { DayView } from "./day-view";
import { SessionView } from "./session-view";

/** A day across agents, or one session where the address names one. */
export default function Timeline() {
  const { parameters } = useAddress();
  const session = parameters.get("session");
  return session ? <SessionView key={session} id={session} /> : <DayView />;
}
