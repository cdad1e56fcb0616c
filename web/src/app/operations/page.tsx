"use client";

import { PageHead } from "@/components/page-head";
import { useMessages } from "@/preferences/messages";
import { LettersCard } from "./letters-card";
import { texts } from "./messages";
import { ServersCard } from "./servers-card";
import { TasksCard } from "./tasks-card";
import { useTasks } from "./use-tasks";
import { WorkersCard } from "./workers-card";

export default function Operations() {
  const text = useMessages(texts);
  const tasks = useTasks();
  return (
    <>
      <PageHead title={text.title}>{text.what}</PageHead>
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-3">
        <WorkersCard className="xl:col-span-3" />
        <TasksCard className="xl:col-span-2" tasks={tasks} />
        <ServersCard />
        <LettersCard className="xl:col-span-3" tasks={tasks} />
      </div>
    </>
  );
}
