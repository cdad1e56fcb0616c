"use client";

import { Settings2 } from "lucide-react";
import { useId } from "react";
import { useLanguage } from "@/preferences/reader";
import { useMessages } from "@/preferences/messages";
import { LANGUAGES, THEMES, usePreferences } from "@/preferences/store";
import { Choice } from "./choice";
import { common } from "./messages";

/** Language, appearance, and whether a key leads to the search. */
export function PreferencesMenu() {
  const text = useMessages(common);
  const language = useLanguage();
  const { theme, searchKey, chooseLanguage, chooseTheme, chooseSearchKey } = usePreferences();
  const id = useId();
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        className="flex items-center gap-2.5 rounded-lg px-2 py-1.5 text-muted transition-colors hover:bg-sunken hover:text-ink md:w-full"
      >
        <Settings2 aria-hidden className="size-5 md:size-[1.1rem]" strokeWidth={1.75} />
        <span className="sr-only md:not-sr-only">{text.preferences}</span>
      </button>
      <div
        id={id}
        popover="auto"
        role="dialog"
        aria-label={text.preferences}
        className="fixed inset-auto top-14 right-3 w-64 rounded-xl border border-line bg-surface p-4 text-ink shadow-xl md:top-auto md:right-auto md:bottom-5 md:left-56"
      >
        <div className="flex flex-col gap-4">
          <Choice
            legend={text.language}
            value={language}
            options={LANGUAGES.map((each) => ({ value: each, label: text.languages[each] }))}
            onChange={chooseLanguage}
          />
          <Choice
            legend={text.theme}
            value={theme}
            options={THEMES.map((each) => ({ value: each, label: text.themes[each] }))}
            onChange={chooseTheme}
            stacked
          />
          <Choice
            legend={text.searchKey}
            value={searchKey ? "on" : "off"}
            options={(["on", "off"] as const).map((each) => ({ value: each, label: text.searchKeys[each] }))}
            onChange={(each) => chooseSearchKey(each === "on")}
          />
        </div>
      </div>
    </>
  );
}
