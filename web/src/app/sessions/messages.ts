import { translated } from "@/preferences/messages";

export const texts = translated({
  en: {
    title: "Sessions",
    what: "The latest activity first.",
    open: "open",
    messages: (count: number, shown: string) => (count === 1 ? "1 message" : `${shown} messages`),
    tokens: (shown: string) => `${shown} tokens`,
    errors: (count: number, shown: string) => (count === 1 ? "1 error" : `${shown} errors`),
    more: "Show more",
    none: "No sessions in this period",
    noneFiltered: "No session fits",
    noneHint: "Choose a longer period, or capture your history with `sessiontrack capture`.",
    noneFilteredHint: "Remove a filter, or choose a longer period.",
  },
  de: {
    title: "Sitzungen",
    what: "Die jüngste Aktivität zuerst.",
    open: "offen",
    messages: (count, shown) => (count === 1 ? "1 Nachricht" : `${shown} Nachrichten`),
    tokens: (shown) => `${shown} Tokens`,
    errors: (count, shown) => (count === 1 ? "1 Fehler" : `${shown} Fehler`),
    more: "Mehr zeigen",
    none: "Keine Sitzungen in diesem Zeitraum",
    noneFiltered: "Keine Sitzung passt",
    noneHint: "Wähle einen längeren Zeitraum, oder erfasse deinen Verlauf mit `sessiontrack capture`.",
    noneFilteredHint: "Entferne einen Filter, oder wähle einen längeren Zeitraum.",
  },
});
