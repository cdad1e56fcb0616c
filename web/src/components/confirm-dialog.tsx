"use client";

import { useEffect, useId, useRef, type ReactNode } from "react";
import { useMessages } from "@/preferences/messages";
import { Button } from "./button";
import { common } from "./messages";

interface ConfirmDialogProps {
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** What is done, as a verb. */
  action: string;
  danger?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something is changed. It is there as long as the question is. */
export function ConfirmDialog({ title, children, action, danger, onConfirm, onCancel }: ConfirmDialogProps) {
  const text = useMessages(common);
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  // Closed before it is gone, it gives the focus back to what had it.
  const confirm = () => {
    dialog.current?.close();
    onConfirm();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onCancel}
      className="m-auto w-[min(30rem,calc(100vw-2rem))] rounded-xl border border-line bg-surface p-6 text-ink shadow-xl backdrop:bg-black/40"
    >
      <h2 id={id} className="text-lg font-medium">
        {title}
      </h2>
      <div className="mt-2 text-sm text-muted">{children}</div>
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={() => dialog.current?.close()}>{text.cancel}</Button>
        <Button look={danger ? "danger" : "primary"} onClick={confirm}>
          {action}
        </Button>
      </div>
    </dialog>
  );
}
