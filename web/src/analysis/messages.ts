import { translated } from "@/preferences/messages";

/** The texts that the pages of analysis share. */
export const texts = translated({
  en: {
    filters: "Filters",
    filterNames: {
      agent: "Agent",
      channel: "Channel",
      model: "Model",
      tool: "Tool",
      project: "Project",
      sender: "Sender",
      role: "Role",
    },
    any: (what: string) => `${what}: any`,
    remove: "Remove this filter",
    empty: "Nothing happened here",
    emptyHint: "Choose a longer period or fewer filters. `sessiontrack capture` reads the assistant's transcripts.",
    examples: "Such as",
    session: (id: string) => `Session ${id.slice(0, 8)}`,
    unknown: "unknown",
  },
  de: {
    filters: "Filter",
    filterNames: {
      agent: "Agent",
      channel: "Kanal",
      model: "Modell",
      tool: "Werkzeug",
      project: "Projekt",
      sender: "Absender",
      role: "Rolle",
    },
    any: (what: string) => `${what}: alle`,
    remove: "Diesen Filter entfernen",
    empty: "Hier ist nichts geschehen",
    emptyHint: "Einen längeren Zeitraum oder weniger Filter wählen. `sessiontrack capture` liest die Mitschriften des Assistenten.",
    examples: "Zum Beispiel",
    session: (id: string) => `Sitzung ${id.slice(0, 8)}`,
    unknown: "unbekannt",
  },
});
