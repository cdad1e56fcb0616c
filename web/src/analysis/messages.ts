import { count, translated } from "@/preferences/messages";

/** The texts that the pages of analysis share. */
export const texts = translated({
  en: {
    empty: "Nothing happened here",
    emptyHint: "Choose a longer period or fewer filters. `sessiontrack capture` reads the assistant's transcripts.",
    examples: "Such as",
    sessionsOf: count("session", "sessions"),
  },
  de: {
    empty: "Hier ist nichts geschehen",
    emptyHint: "Einen längeren Zeitraum oder weniger Filter wählen. `sessiontrack capture` liest die Mitschriften des Assistenten.",
    examples: "Zum Beispiel",
    sessionsOf: count("Sitzung", "Sitzungen"),
  },
});
