import { translated } from "@/preferences/messages";

/** What the filters and what they filter by are called. */
export const filterTexts = translated({
  en: {
    names: {
      agent: "Agent",
      channel: "Channel",
      sender: "Sender",
      role: "Role",
      model: "Model",
      tool: "Tool",
      project: "Project",
    },
    roles: {
      user: "Person",
      assistant: "Assistant",
      toolResult: "Tool result",
      bashExecution: "Command",
      custom_message: "Extension",
      compaction: "Compaction",
      branch_summary: "Branch summary",
    } as Record<string, string>,
    remove: (name: string, value: string) => `Remove the filter ${name}: ${value}`,
    clear: "Clear filters",
    failed: { any: "With errors", tool: "A tool failed", model: "A model failed" },
    removeFailed: (failed: string) => `Remove the filter: ${failed}`,
    filters: "Filters",
  },
  de: {
    names: {
      agent: "Agent",
      channel: "Kanal",
      sender: "Absender",
      role: "Rolle",
      model: "Modell",
      tool: "Werkzeug",
      project: "Projekt",
    },
    roles: {
      user: "Mensch",
      assistant: "Assistent",
      toolResult: "Werkzeugergebnis",
      bashExecution: "Befehl",
      custom_message: "Erweiterung",
      compaction: "Verdichtung",
      branch_summary: "Zweigzusammenfassung",
    },
    remove: (name, value) => `Filter entfernen: ${name}: ${value}`,
    clear: "Filter entfernen",
    failed: { any: "Mit Fehlern", tool: "Werkzeug fehlgeschlagen", model: "Modell fehlgeschlagen" },
    removeFailed: (failed) => `Filter entfernen: ${failed}`,
    filters: "Filter",
  },
});
