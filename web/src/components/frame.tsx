"use client";

import Link from "next/link";
import { usePathname, useRouter } from "next/navigation";
import { Suspense, useEffect, type ReactNode } from "react";
import { RememberPage } from "@/address/came-from";
import { useMessages } from "@/preferences/messages";
import { usePreferences } from "@/preferences/store";
import { common } from "./messages";
import { isAt, PAGES } from "./pages";
import { PreferencesMenu } from "./preferences-menu";
import { SignIn } from "./sign-in";

/** What stands around every page: the navigation, at the side where there is room, else at the bottom. */
export function Frame({ children }: { children: ReactNode }) {
  const text = useMessages(common);
  useSearchKey();
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:rounded-md focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        {text.skip}
      </a>
      <header className="flex items-center justify-between border-line px-4 py-3 md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:justify-start md:gap-6 md:border-r md:px-3 md:py-5">
        <Link href="/" className="flex items-center gap-2.5 px-2 font-semibold tracking-tight">
          <Mark />
          SessionTrack
        </Link>
        <Navigation />
        <div className="md:mt-auto">
          <PreferencesMenu />
        </div>
      </header>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[84rem] min-w-0 px-4 pt-2 pb-24 outline-none md:px-8 md:py-7">
        {children}
      </main>
      <SignIn />
      <Suspense>
        <RememberPage />
      </Suspense>
    </div>
  );
}

/** "/" goes to the search from wherever nothing is being typed, unless the reader does not want that. */
function useSearchKey() {
  const router = useRouter();
  const isWanted = usePreferences((state) => state.searchKey);
  useEffect(() => {
    if (!isWanted) return;
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.isContentEditable || target.closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      const field = document.querySelector<HTMLElement>("[data-search-field]");
      if (field) field.focus();
      else router.push("/search");
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [router, isWanted]);
}

function Navigation() {
  const text = useMessages(common);
  const pathname = usePathname();
  return (
    <nav
      aria-label={text.navigation}
      className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:static md:border-0 md:bg-transparent md:pb-0"
    >
      <ul className="grid grid-cols-6 md:flex md:flex-col md:gap-0.5">
        {PAGES.map((page) => {
          const current = isAt(page, pathname);
          return (
            <li key={page.name} className="min-w-0">
              <Link
                href={page.path}
                // A page is small and near; all of them are more script than the first one needs.
                prefetch={false}
                aria-current={current ? "page" : undefined}
                className="flex flex-col items-center gap-1 px-0.5 py-2 text-muted transition-colors hover:text-ink aria-[current=page]:text-accent md:flex-row md:gap-2.5 md:rounded-lg md:px-2 md:py-1.5 md:hover:bg-sunken md:aria-[current=page]:bg-sunken md:aria-[current=page]:font-medium md:aria-[current=page]:text-ink"
              >
                <page.icon aria-hidden className="size-5 shrink-0 md:size-[1.1rem]" strokeWidth={1.75} />
                <span className="max-w-full truncate text-[0.65rem] leading-tight md:text-[0.9375rem]">{text.pages[page.name]}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className="size-6 text-accent">
      <rect width="32" height="32" rx="8" fill="currentColor" />
      <path
        d="M8 22V10m5.3 12v-7M18.7 22V13m5.3 9v-4"
        className="stroke-on-accent"
        strokeWidth="2.8"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}
