"use client";

import { PageHead } from "@/components/page-head";
import { useMessages } from "@/preferences/messages";
import { LettersCard } from "./letters-card";
import { texts } from "./messages";
import { ServersCard } from "./servers-card";
import { TasksCard } from "./tasks-card";
import { usePolled } from "./use-polled";
import { useTasks } from "./use-tasks";
import { WorkersCard } from "./workers-card";

const WORKERS_MS = 3_000;
const SERVERS_MS = 15_000;

/** Whether an answer is there, or why there is none. */
const isKnown = ({ data, error }: { data?: unknown; error?: unknown }) => data !== undefined || error !== undefined;

export default function Operations() {
  const text = useMessages(texts);
  const workers = usePolled("/v1/workers", {}, WORKERS_MS);
  const servers = usePolled("/v1/servers", {}, SERVERS_MS);
  const tasks = useTasks();
  return (
    <>
      <PageHead title={text.title}>{text.what}</PageHead>
      {/* Nothing comes before what stands above it is there: how high that is, only its answer tells. */}
      <div className="flex flex-col gap-4">
        <WorkersCard answer={workers} />
        {isKnown(workers) && <TasksCard tasks={tasks} />}
        {isKnown(workers) && isKnown(tasks) && <ServersCard answer={servers} />}
        {isKnown(workers) && isKnown(tasks) && isKnown(servers) && <LettersCard tasks={tasks} />}
      </div>
    </>
  );
}
