"use client";

import { create } from "zustand";

/** Kept until the browser's tab is closed, and read by no other tab. */
const STORAGE_KEY = "sessiontrack.token";

interface Access {
  /** Whether the API has refused to answer without a (right) token. */
  refused: boolean;
  /** Whether a token was sent when it refused. */
  wrong: boolean;
  refuse: (sent: boolean) => void;
  signIn: (token: string) => void;
}

/** What the API asks for where the setting api.token is set. */
export const useAccess = create<Access>((set) => ({
  refused: false,
  wrong: false,
  refuse: (sent) => set({ refused: true, wrong: sent }),
  signIn: (token) => {
    sessionStorage.setItem(STORAGE_KEY, token);
    set({ refused: false, wrong: false });
  },
}));

/** The token of this tab, if somebody has signed in. */
export function token(): string | null {
  return typeof sessionStorage === "undefined" ? null : sessionStorage.getItem(STORAGE_KEY);
}

/** The headers with which a request is let in. */
export function accessHeaders(): Record<string, string> {
  const known = token();
  return known === null ? {} : { Authorization: `Bearer ${known}` };
}
