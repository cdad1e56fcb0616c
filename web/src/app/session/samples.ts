import type { TreeCall, TreeEntry } from "./outline";

/** An entry for tests. */
export function entry(id: string, fields: Partial<TreeEntry> = {}): TreeEntry {
  return {
    event_id: `event-${id}`,
    entry_id: id,
    line_number: 1,
    kind: "MESSAGE",
    occurred_at: "2026-03-01T12:00:00.000Z",
    depth: 0,
    link: "parent",
    inherited: false,
    labels: [],
    message_id: `message-${id}`,
    role: "assistant",
    begins: null,
    tool_calls: [],
    ...fields,
  };
}

/** A tool call for tests. */
export function call(id: string, fields: Partial<TreeCall> = {}): TreeCall {
  return {
    tool_call_id: id,
    name: "exec",
    outcome: "succeeded",
    exit_code: 0,
    duration_ms: 120,
    arguments: '{"command":"ls"}',
    result_entry_id: null,
    result_event_id: null,
    result_images: 0,
    ...fields,
  };
}
