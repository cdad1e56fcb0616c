"use client";

import { useApi } from "@/api/use-api";
import { PageHead } from "@/components/page-head";
import { useMessages } from "@/preferences/messages";
import { LettersCard } from "./letters-card";
import { texts } from "./messages";
import { ServersCard } from "./servers-card";
import { TasksCard } from "./tasks-card";
import { useTasks } from "./use-tasks";
import { WorkersCard } from "./workers-card";

/** Whether an answer is there, or why there is none. */
const isKnown = ({ data, error }: { data?: unknown; error?: unknown }) => data !== undefined || error !== undefined;

export default function Operations() {
  const text = useMessages(texts);
  const workers = useApi("/v1/workers", {}, { refreshInterval: 3_000, keepPreviousData: true });
  const servers = useApi("/v1/servers", {}, { refreshInterval: 15_000, keepPreviousData: true });
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
