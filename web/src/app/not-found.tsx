"use client";

import Link from "next/link";
import { buttonLook } from "@/components/button";
import { PageHead } from "@/components/page-head";
import { translated, useMessages } from "@/preferences/messages";

const texts = translated({
  en: { title: "There is no such page", what: "The address may be wrong, or of another version.", home: "To the overview" },
  de: { title: "Diese Seite gibt es nicht", what: "Die Adresse ist falsch oder aus einer anderen Version.", home: "Zum Überblick" },
});

export default function NotFound() {
  const text = useMessages(texts);
  return (
    <>
      <PageHead title={text.title}>{text.what}</PageHead>
      <Link href="/" className={buttonLook()}>
        {text.home}
      </Link>
    </>
  );
}
