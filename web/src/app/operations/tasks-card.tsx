"use client";

import { useState, type ReactNode } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Card } from "@/components/card";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Announcement, Commands, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { shareDone } from "./health";
import { LastAnswer } from "./last-answer";
import { texts } from "./messages";
import { TaskResult } from "./task-result";
import type { Task, TaskRequest, Tasks } from "./use-tasks";

const REBUILT = ["postgres", "opensearch", "streams", "embeddings"] as const;
const LOOKS = { running: "plain", done: "good", failed: "bad", stopped: "warn" } as const;
/** As many as a person looks back at; the server remembers more. */
const SHOWN = 6;

/** Verify and rebuild, and what was started before. */
export function TasksCard({ tasks }: { tasks: Tasks }) {
  const text = useMessages(texts);
  const [asked, setAsked] = useState<TaskRequest | null>(null);
  const [what, setWhat] = useState<(typeof REBUILT)[number]>("opensearch");
  const busy = tasks.running !== undefined;
  const [followed, setFollowed] = useState<number | null>(null);
  if (tasks.running && tasks.running.id !== followed) setFollowed(tasks.running.id);
  const told = tasks.tasks.find((task) => task.id === followed);
  const confirm = () => {
    if (asked) void tasks.start(asked);
    setAsked(null);
  };
  return (
    <Card title={text.tasks} note={text.tasksNote}>
      <div className="flex flex-wrap items-center gap-2">
        <Button look="primary" disabled={busy} onClick={() => void tasks.start({ kind: "verify", full: false, repair: false })}>
          {text.verify}
        </Button>
        <Button disabled={busy} onClick={() => setAsked({ kind: "verify", full: true, repair: false })}>
          {text.verifyFull}
        </Button>
        <Button disabled={busy} onClick={() => setAsked({ kind: "verify", full: false, repair: true })}>
          {text.repair}
        </Button>
        <span className="mx-1 hidden h-6 w-px bg-line sm:block" />
        <label className="flex items-center gap-2 text-sm">
          <span className="sr-only">{text.rebuildWhat}</span>
          <select
            value={what}
            onChange={(event) => setWhat(event.target.value as typeof what)}
            className="rounded-lg border border-line bg-surface px-2 py-1.5"
          >
            {REBUILT.map((each) => (
              <option key={each} value={each}>
                {text.rebuilt[each]}
              </option>
            ))}
          </select>
        </label>
        <Button disabled={busy} onClick={() => setAsked({ kind: "rebuild", what, keep_old: false, accept_gaps: false, again: false })}>
          {text.rebuild}
        </Button>
      </div>
      <Announcement>{told && `${titleOf(told.request, text)}: ${text.states[told.state]}`}</Announcement>
      {tasks.refusal && (
        <p role="alert" className="mt-3 text-sm text-bad">
          {tasks.refusal.message} {tasks.refusal.hint && <Commands text={tasks.refusal.hint} />}
        </p>
      )}
      {tasks.error && !tasks.data ? (
        <Failed error={tasks.error} retry={() => void tasks.mutate()} />
      ) : !tasks.data ? (
        <Loading />
      ) : (
        <div className="mt-5">
          <LastAnswer answer={tasks}>
            {tasks.tasks.length === 0 ? (
              <p className="text-sm text-muted">{text.noTasks}</p>
            ) : (
              <ol className="flex flex-col divide-y divide-line" aria-label={text.started}>
                {tasks.tasks.slice(0, SHOWN).map((task) => (
                  <TaskRow key={task.id} task={task} onStop={() => void tasks.stop(task)} />
                ))}
              </ol>
            )}
          </LastAnswer>
        </div>
      )}
      {asked && (
        <ConfirmDialog
          title={titleOf(asked, text)}
          action={text.start}
          danger={asked.kind === "rebuild"}
          onConfirm={confirm}
          onCancel={() => setAsked(null)}
        >
          {asked.kind === "rebuild" ? text.confirmRebuild[asked.what] : asked.kind === "verify" && (asked.repair ? text.confirmRepair : text.confirmFull)}
        </ConfirmDialog>
      )}
    </Card>
  );
}

function TaskRow({ task, onStop }: { task: Task; onStop: () => void }) {
  const text = useMessages(texts);
  const format = useFormat();
  const running = task.state === "running";
  const took = task.ended_at === null ? null : Date.parse(task.ended_at) - Date.parse(task.started_at);
  return (
    <li className="py-3 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge look={LOOKS[task.state]}>{text.states[task.state]}</Badge>
        <span className="font-medium">{titleOf(task.request, text)}</span>
        <time dateTime={task.started_at} title={format.exact(task.started_at)} className="text-sm text-muted">
          {format.dateTime(task.started_at)}
          {took !== null && ` · ${format.duration(took)}`}
        </time>
        {running && (
          <Button className="ml-auto" onClick={onStop}>
            {text.stop}
          </Button>
        )}
      </div>
      {running ? (
        <Progress task={task} />
      ) : (
        <div className="mt-1.5 text-sm">
          {task.problem && (
            <p className="text-bad">
              {task.problem.detail} {task.problem.hint && <Commands text={task.problem.hint} />}
            </p>
          )}
          {task.result && <TaskResult request={task.request} result={task.result} />}
        </div>
      )}
    </li>
  );
}

function Progress({ task }: { task: Task }) {
  const text = useMessages(texts);
  const format = useFormat();
  const share = shareDone(task.done, task.left);
  let counted: ReactNode = null;
  if (task.left) counted = text.left(format.number(task.left));
  return (
    <div className="mt-2">
      <div
        role="progressbar"
        aria-label={task.doing || text.starting}
        aria-valuenow={share === null ? undefined : Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={`h-full rounded-full bg-accent transition-[width] duration-500 ${share === null ? "w-1/4 animate-pulse" : ""}`}
          style={share === null ? undefined : { width: `${share * 100}%` }}
        />
      </div>
      <p className="mt-1.5 flex justify-between gap-4 text-sm text-muted">
        <span className="truncate">{task.doing || text.starting}</span>
        <span className="whitespace-nowrap tabular-nums">{counted}</span>
      </p>
    </div>
  );
}

function titleOf(request: TaskRequest, text: (typeof texts)["en"]): string {
  switch (request.kind) {
    case "verify":
      return request.repair ? text.repair : request.full ? text.verifyFull : text.verify;
    case "rebuild":
      return text.rebuildOf(text.rebuilt[request.what]);
    case "redrive":
      return text.redriveOf(request.keys.length);
    case "discard":
      return text.discardOf(request.keys.length);
  }
}
