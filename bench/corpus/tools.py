"""What tools answer: the text for the model and the ``details`` for programs."""

from __future__ import annotations

import difflib
import random
import uuid
from dataclasses import dataclass

from bench.corpus.javascript import Json, stringify_indented
from bench.corpus.lines import Dialect, Line, iso
from bench.corpus.scenarios import Call
from bench.corpus.words import length

MISSING_RESULT = (
    "[{brand}] missing tool result in session history; inserted synthetic error result for transcript repair."
)

# How long tools take: the median in milliseconds.
_DURATIONS = {"exec": 420, "web_search": 900, "web_fetch": 1300, "browser": 2600, "message": 350}
_DURATION_ELSE = 14
# In 2026.1 failures of the agent's own loop (an unknown tool, arguments that don't fit) do set isError.
_PLAIN_ERROR_SHARE = 0.25


@dataclass(frozen=True)
class Result:
    """The answer of a tool; ``failed`` is the truth, however the line says it."""

    text: str
    details: Line | None
    is_error: bool
    failed: bool
    duration: int


def new_uuid(rng: random.Random) -> str:
    """A random UUID (version 4) from the generator's own source."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def answer(call: Call, dialect: Dialect, rng: random.Random, now: int, cwd: str) -> Result:
    """Plays a tool call at ``now`` (epoch milliseconds) in the folder ``cwd``."""
    duration = length(rng, _DURATIONS.get(call.tool, _DURATION_ELSE), 0.9, 600_000)
    if call.fails:
        return _failure(call, dialect, rng, duration)
    if call.tool == "exec":
        details: Line | None = dialect.exec_details(call.output, duration, cwd)
        return Result(call.output, details, is_error=False, failed=False, duration=duration)
    if call.tool in ("read", "write"):
        return Result(call.output, None, is_error=False, failed=False, duration=duration)
    if call.tool == "edit":
        return _edit(call, dialect, duration)
    payload = _payload(call, rng, now, duration)
    return Result(stringify_indented(payload), payload, is_error=False, failed=False, duration=duration)


def _failure(call: Call, dialect: Dialect, rng: random.Random, duration: int) -> Result:
    if not dialect.failure_is_error and rng.random() < _PLAIN_ERROR_SHARE:
        return Result(call.output, {}, is_error=True, failed=True, duration=duration)
    details: Line = {"status": "error", "tool": call.tool, "error": call.output}
    return Result(stringify_indented(details), details, dialect.failure_is_error, failed=True, duration=duration)


def _edit(call: Call, dialect: Dialect, duration: int) -> Result:
    """The screenplay's output is the number of the first changed line."""
    path, first = str(call.arguments["path"]), int(call.output)
    old, new = str(call.arguments["oldText"]).splitlines(), str(call.arguments["newText"]).splitlines()
    marked = [line for line in difflib.ndiff(old, new) if not line.startswith("?")]
    diff = "\n".join(f"{line[0]}{first + at} {line[2:]}" for at, line in enumerate(marked))
    hunk = f"@@ -{first},{len(old)} +{first},{len(new)} @@"
    patch = "\n".join([f"--- {path}", f"+++ {path}", hunk, *(line[0] + line[2:] for line in marked)]) + "\n"
    text = f"Successfully replaced text in {path}."
    details = dialect.edit_details(path, diff, patch, first)
    return Result(text, details, is_error=False, failed=False, duration=duration)


def _payload(call: Call, rng: random.Random, now: int, duration: int) -> Line:
    """Tools that answer in JSON; the screenplay's output is what is essential in it."""
    match call.tool:
        case "web_search":
            return _search(call, duration)
        case "web_fetch":
            return {
                "url": call.arguments["url"],
                "status": 200,
                "contentType": "text/html",
                "extractMode": "markdown",
                "extractor": "readability",
                "truncated": False,
                "length": len(call.output),
                "fetchedAt": iso(now),
                "tookMs": duration,
                "text": call.output,
            }
        case "cron":
            job = call.arguments["job"]
            return {"id": new_uuid(rng), "enabled": True, "createdAtMs": now, **(job if isinstance(job, dict) else {})}
        case "message":
            to = call.arguments["to"]
            return {"ok": True, "channel": call.arguments["channel"], "to": to, "messageId": str(rng.getrandbits(32))}
        case "memory_search":
            path, _, snippet = call.output.partition(" | ")
            hit: Json = {"path": path, "startLine": 1, "endLine": 12, "score": 0.71, "snippet": snippet}
            return {"results": [hit], "provider": "local", "model": "embeddinggemma-300m"}
        case _:
            return {"ok": True, "targetUrl": call.arguments.get("targetUrl"), "snapshot": call.output}


def _search(call: Call, duration: int) -> Line:
    results: list[Json] = []
    for row in call.output.splitlines():
        title, url, description = row.split(" | ")
        results.append({"title": title, "url": url, "description": description})
    query = call.arguments["query"]
    return {"query": query, "provider": "brave", "count": len(results), "tookMs": duration, "results": results}


def spawned(child_key: str, run_id: str) -> Result:
    """The answer of ``sessions_spawn``."""
    payload: Line = {"status": "accepted", "childSessionKey": child_key, "runId": run_id}
    return Result(stringify_indented(payload), payload, is_error=False, failed=False, duration=40)
