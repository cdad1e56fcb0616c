"use client";

import { Download } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { Button } from "@/components/button";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";

// The archive is seconds behind the log: so long the export may wait for it.
const WAIT_S = 10;

/** Downloads the transcript, byte for byte. */
export function ExportButton({ sessionId, generation }: { sessionId: string; generation: number | null }) {
  const text = useMessages(texts);
  const [state, setState] = useState<"idle" | "busy" | ApiError>("idle");

  const download = async () => {
    setState("busy");
    try {
      const { data } = await api.GET("/v1/sessions/{session_id}/export", {
        params: {
          path: { session_id: sessionId },
          query: { wait: WAIT_S, generation: generation === null ? null : String(generation) },
        },
        // A link could not carry the token.
        parseAs: "blob",
      });
      save(data as unknown as Blob, `${sessionId.replace(/[^\w.-]/g, "_")}.jsonl`);
      setState("idle");
    } catch (error) {
      setState(error instanceof ApiError ? error : new ApiError(String(error), 0, null));
    }
  };

  return (
    <div>
      <Button onClick={() => void download()} disabled={state === "busy"}>
        <Download aria-hidden className="size-4" strokeWidth={1.75} />
        {state === "busy" ? text.exporting : text.export}
      </Button>
      {state instanceof ApiError && (
        <p role="alert" className="mt-1 max-w-xs text-xs text-bad">
          {text.exportFailed}: {state.message}
        </p>
      )}
    </div>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
