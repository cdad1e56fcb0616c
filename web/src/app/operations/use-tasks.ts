"use client";

import { useState } from "react";
import { api } from "@/api/client";
import { ApiError } from "@/api/problem";
import type { Answer } from "@/api/use-api";
import type { components } from "@/api/schema";
import { usePolled } from "./use-polled";

export type Task = Answer<"/v1/tasks">["tasks"][number];
export type TaskRequest = Task["request"];
export type LettersRequest = components["schemas"]["LettersRequest"];

const RUNNING_MS = 1_000;
const IDLE_MS = 10_000;

const everyMs = (latest?: Answer<"/v1/tasks">) => (latest?.tasks[0]?.state === "running" ? RUNNING_MS : IDLE_MS);

/** The tasks of the server, followed while one runs. */
export function useTasks() {
  const [error, setError] = useState<ApiError | null>(null);
  const answer = usePolled("/v1/tasks", {}, everyMs);
  const { mutate } = answer;

  /** Does something that changes the tasks; what is refused stands in `error` until the next one. */
  const attempt = async (change: () => Promise<unknown>) => {
    setError(null);
    try {
      await change();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
    }
    await mutate();
  };

  return {
    ...answer,
    tasks: answer.data?.tasks ?? [],
    running: answer.data?.tasks.find((task) => task.state === "running"),
    refusal: error,
    start: (body: TaskRequest) => attempt(() => api.POST("/v1/tasks", { body })),
    stop: (task: Task) => attempt(() => api.POST("/v1/tasks/{task_id}/stop", { params: { path: { task_id: task.id } } })),
  };
}

export type Tasks = ReturnType<typeof useTasks>;
