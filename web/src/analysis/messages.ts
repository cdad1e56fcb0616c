import { translated } from "@/preferences/messages";

/** The texts that the pages of analysis share. */
export const texts = translated({
  en: {
    empty: "Nothing happened here",
    emptyHint: "Choose a longer period or fewer filters. `sessiontrack capture` reads the assistant's transcripts.",
    examples: "Such as",
    session: (id: string) => `Session ${id.slice(0, 8)}`,
  },
  de: {
    empty: "Hier ist nichts geschehen",
    emptyHint: "Einen längeren Zeitraum oder weniger Filter wählen. `sessiontrack capture` liest die Mitschriften des Assistenten.",
    examples: "Zum Beispiel",
    session: (id: string) => `Sitzung ${id.slice(0, 8)}`,
  },
});
