"use client";

import { useState } from "react";
import { useAddress } from "@/address/use-address";
import type { Answer } from "@/api/use-api";
import { Button } from "@/components/button";
import { Card } from "@/components/card";
import { Choice } from "@/components/choice";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Empty, Failed, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { LetterDialog } from "./letter-dialog";
import { LastAnswer } from "./last-answer";
import { texts } from "./messages";
import { usePolled } from "./use-polled";
import type { LettersRequest, Tasks } from "./use-tasks";

export type Letter = Answer<"/v1/dead-letters">["letters"][number];

const LETTERS_MS = 10_000;
/** What one look at a list takes in; a group of more is redriven by the command. */
const MOST = 200;

/** What the workers set aside, and what is done about it. */
export function LettersCard({ tasks }: { tasks: Tasks }) {
  const text = useMessages(texts);
  const format = useFormat();
  const { parameters, change } = useAddress();
  const standing = parameters.get("letters") !== "discarded";
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<Letter | null>(null);
  const [asked, setAsked] = useState<LettersRequest | null>(null);
  const query = { discarded: !standing, limit: MOST };
  const answer = usePolled("/v1/dead-letters", { params: { query } }, LETTERS_MS);
  const { data, error, mutate } = answer;
  const letters = data?.letters ?? [];
  // Others may have been settled meanwhile.
  const keys = letters.filter((letter) => chosen.has(letter.key)).map((letter) => letter.key);
  const choose = (some: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const key of some) if (on) next.add(key);
    else next.delete(key);
    setChosen(next);
  };
  const confirm = async () => {
    const request = asked;
    setAsked(null);
    if (request) await tasks.start(request);
    setChosen(new Set());
    await mutate();
  };
  const busy = tasks.running !== undefined;

  return (
    <div id="dead-letters" className="scroll-mt-4">
      <Card
        title={text.lettersTitle}
        note={text.lettersNote}
        flush
        actions={
          <Choice
            quiet
            legend={text.lettersTitle}
            value={standing ? "standing" : "discarded"}
            options={[
              { value: "standing", label: text.standing },
              { value: "discarded", label: text.givenUp },
            ]}
            onChange={(value) => {
              setChosen(new Set());
              change({ letters: value === "discarded" ? value : null }, "push");
            }}
          />
        }
      >
        {error && !data ? (
          <Failed error={error} retry={() => void mutate()} />
        ) : !data ? (
          <Loading />
        ) : letters.length === 0 ? (
          <LastAnswer flush answer={answer}>
            <Empty title={standing ? text.noLetters : text.noDiscarded}>{standing && text.noLettersHint}</Empty>
          </LastAnswer>
        ) : (
          <LastAnswer flush answer={answer}>
            {standing && (
              <div className="flex flex-wrap items-center gap-2 px-5 pb-3">
                <Button
                  disabled={busy || keys.length === 0}
                  onClick={() => setAsked({ kind: "redrive", keys })}
                >
                  {text.redrive}
                </Button>
                <Button look="danger" disabled={busy || keys.length === 0} onClick={() => setAsked({ kind: "discard", keys })}>
                  {text.discard}
                </Button>
                <span className="text-sm text-muted">{text.chosen(format.number(keys.length), format.number(data.total))}</span>
              </div>
            )}
            <Table<Letter>
              caption={text.lettersTitle}
              rows={letters}
              rowKey={(row) => row.key}
              columns={[
                ...(standing
                  ? [
                      {
                        key: "choose",
                        head: text.choose,
                        cell: (row: Letter) => (
                          <input
                            type="checkbox"
                            aria-label={text.chooseLetter(row.record_id)}
                            checked={chosen.has(row.key)}
                            onChange={(event) => choose([row.key], event.target.checked)}
                            className="size-4 accent-(--color-accent)"
                          />
                        ),
                      },
                    ]
                  : []),
                {
                  key: "record",
                  head: text.record,
                  cell: (row) => (
                    <button type="button" onClick={() => setShown(row)} className="font-mono text-[0.8125rem] whitespace-nowrap text-accent hover:underline">
                      {row.record_id.length > 20 ? `${row.record_id.slice(0, 20)}…` : row.record_id}
                    </button>
                  ),
                },
                { key: "worker", head: text.worker, cell: (row) => row.worker },
                { key: "stage", head: text.stage, cell: (row) => row.stage },
                { key: "reason", head: text.reason, cell: (row) => <span className="line-clamp-2 max-w-md">{row.reason}</span> },
                { key: "tries", head: text.tries, figure: true, cell: (row) => format.number(row.tries) },
                {
                  key: "at",
                  head: standing ? text.refusedAt : text.givenUpAt,
                  figure: true,
                  cell: (row) => {
                    const at = row.discarded_at ?? row.failed_at;
                    return (
                      <time dateTime={at} title={format.exact(at)}>
                        {format.dateTime(at)}
                      </time>
                    );
                  },
                },
              ]}
            />
            {standing && (
              <p className="px-5 py-3 text-sm">
                <button
                  type="button"
                  className="text-accent hover:underline"
                  onClick={() => choose(letters.map((letter) => letter.key), keys.length < letters.length)}
                >
                  {keys.length < letters.length ? text.chooseAll : text.chooseNone}
                </button>
              </p>
            )}
          </LastAnswer>
        )}
      </Card>
      {shown && <LetterDialog letter={shown} onClose={() => setShown(null)} />}
      {asked && (
        <ConfirmDialog
          title={asked.kind === "redrive" ? text.redriveOf(asked.keys.length) : text.discardOf(asked.keys.length)}
          action={asked.kind === "redrive" ? text.redrive : text.discard}
          danger={asked.kind === "discard"}
          onConfirm={() => void confirm()}
          onCancel={() => setAsked(null)}
        >
          {asked.kind === "redrive" ? text.confirmRedrive : text.confirmDiscard}
        </ConfirmDialog>
      )}
    </div>
  );
}
