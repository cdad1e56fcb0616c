import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const LANGUAGES = { bash, css, diff, dockerfile, go, ini, javascript, json, markdown, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

// What is longer takes so long that scrolling would be felt; it is shown without colours.
const MOST_CHARACTERS = 20_000;
const BY_ENDING: Record<string, string> = { cjs: "javascript", conf: "ini", mjs: "javascript", rs: "rust", toml: "ini", env: "bash", service: "ini" };

/** Code as HTML with the words of its language marked; null where the language is not known, or the code too long. */
export function highlighted(code: string, language: string | null): string | null {
  if (language === null || code.length > MOST_CHARACTERS || hljs.getLanguage(language) === undefined) return null;
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

/** The language of a file; null where its name does not tell. */
export function languageOf(path: string): string | null {
  const name = path.split("/").at(-1) ?? "";
  if (name === "Dockerfile") return "dockerfile";
  const ending = name.includes(".") ? (name.split(".").at(-1) ?? "") : "";
  const language = BY_ENDING[ending] ?? ending;
  return hljs.getLanguage(language) ? language : null;
}
