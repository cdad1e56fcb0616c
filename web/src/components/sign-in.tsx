"use client";

import { useEffect, useRef, type FormEvent } from "react";
import { useSWRConfig } from "swr";
import { useAccess } from "@/api/token";
import { useMessages } from "@/preferences/messages";
import { Button } from "./button";
import { common } from "./messages";

/** Asks for the token as soon as the API has refused to answer without it; then everything is read again. */
export function SignIn() {
  const text = useMessages(common).signIn;
  const { refused, wrong, signIn } = useAccess();
  const { cache, mutate } = useSWRConfig();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (refused) dialog.current?.showModal();
    else dialog.current?.close();
  }, [refused]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    signIn(String(new FormData(event.currentTarget).get("token")).trim());
    // Each by its key: a filter of keys passes over the lists that are read page by page.
    for (const key of Array.from(cache.keys())) void mutate(key);
  };

  return (
    <dialog
      ref={dialog}
      aria-labelledby="sign-in"
      onCancel={(event) => event.preventDefault()}
      // A browser lets nobody be kept in a dialog: the second Escape closes it.
      onClose={() => useAccess.getState().refused && dialog.current?.showModal()}
      className="m-auto w-[min(26rem,calc(100vw-2rem))] rounded-2xl border border-line bg-surface p-6 text-ink shadow-2xl backdrop:bg-black/40 backdrop:backdrop-blur-xs"
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div>
          <h2 id="sign-in" className="text-lg font-semibold">
            {text.title}
          </h2>
          <p className="mt-1 text-sm text-muted">{text.what}</p>
        </div>
        <label className="flex flex-col gap-1.5 text-sm">
          {text.token}
          <input
            name="token"
            type="password"
            required
            autoComplete="current-password"
            aria-invalid={wrong}
            aria-describedby="sign-in-help"
            className="rounded-lg border border-line-strong bg-canvas px-3 py-2 text-base"
          />
        </label>
        {wrong && (
          <p role="alert" className="text-sm text-bad">
            {text.wrong}
          </p>
        )}
        <p id="sign-in-help" className="text-sm text-muted">
          {text.where} {text.kept}
        </p>
        <Button type="submit" look="primary">
          {text.submit}
        </Button>
      </form>
    </dialog>
  );
}
