"use client";

import Link from "next/link";
import { buttonLook } from "@/components/button";
import { Empty } from "@/components/states";
import { translated, useMessages } from "@/preferences/messages";

const texts = translated({
  en: { title: "There is no such page", what: "The address may be wrong, or of another version.", home: "To the overview" },
  de: { title: "Diese Seite gibt es nicht", what: "Die Adresse ist falsch oder aus einer anderen Version.", home: "Zum Überblick" },
});

export default function NotFound() {
  const text = useMessages(texts);
  return (
    <Empty title={text.title}>
      <p className="mb-4">{text.what}</p>
      <Link href="/" className={buttonLook()}>
        {text.home}
      </Link>
    </Empty>
  );
}
