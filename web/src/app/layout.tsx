import type { Metadata, Viewport } from "next";
import { Suspense, type ReactNode } from "react";
import { Frame } from "@/components/frame";
import { Loading } from "@/components/states";
import { Reader } from "@/preferences/reader";
import { BEFORE_PAINT } from "./before-paint";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "SessionTrack", template: "%s · SessionTrack" },
  description: "Every session of an AI assistant, kept, found and proved.",
  referrer: "no-referrer",
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f7f7f5" },
    { media: "(prefers-color-scheme: dark)", color: "#121314" },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: BEFORE_PAINT }} />
      </head>
      <body>
        <Reader />
        <Frame>
          {/* What stands in the address is known to the browser alone. */}
          <Suspense fallback={<Loading />}>{children}</Suspense>
        </Frame>
      </body>
    </html>
  );
}
