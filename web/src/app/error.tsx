"use client";

import { Button } from "@/components/button";
import { Empty } from "@/components/states";
import { translated, useMessages } from "@/preferences/messages";

const texts = translated({
  en: { title: "This page has failed", what: "The browser's console says why; please report it.", retry: "Try again" },
  de: { title: "Diese Seite ist gescheitert", what: "Die Konsole des Browsers sagt, warum; bitte melden.", retry: "Erneut versuchen" },
});

export default function PageError({ reset }: { reset: () => void }) {
  const text = useMessages(texts);
  return (
    <Empty title={text.title}>
      <p className="mb-4">{text.what}</p>
      <Button onClick={reset}>{text.retry}</Button>
    </Empty>
  );
}
