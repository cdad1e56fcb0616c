import { STORAGE_KEY } from "@/preferences/storage-key";

/**
 * Runs before anything is painted: sets the chosen theme, and hides a page whose texts are not English, which is what
 * is built, until it is in the reader's language.
 */
export const BEFORE_PAINT = `
(() => {
  const root = document.documentElement;
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("${STORAGE_KEY}") ?? "{}").state ?? {};
  } catch {}
  root.dataset.theme = kept.theme ?? "system";
  const language = kept.chosenLanguage ?? navigator.language;
  if (!language.toLowerCase().startsWith("en")) root.dataset.pending = "";
})();
`.trim();
