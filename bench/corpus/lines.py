"""The lines of a transcript, as clawdbot 2026.1.24 and openclaw 2026.7.1 write them (JSONL, header version 3).

Each function returns the object of one line, its keys in the order of the true files. ``Dialect`` holds what differs
between the two; everything else is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.corpus.javascript import Json
from bench.corpus.models import NO_USAGE, Model, Usage
from bench.corpus.people import HOME, Brand

Line = dict[str, Json]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: isoformat() without an offset, "Z" is added


def iso(ms: int) -> str:
    """``new Date(ms).toISOString()``."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def file_stamp(ms: int) -> str:
    """The time in names of archives: ISO with dashes for colons."""
    return iso(ms).replace(":", "-")


def utc_second(ms: int) -> str:
    """The time in ``System:`` lines of clawdbot 2026.1."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def header(session_id: str, now: int, cwd: str, parent_session: str | None = None) -> Line:
    """The first line; ``parent_session`` is the path of the transcript a fork comes from."""
    line: Line = {"type": "session", "version": 3, "id": session_id, "timestamp": iso(now), "cwd": cwd}
    return line | ({"parentSession": parent_session} if parent_session else {})


def entry(kind: str, entry_id: str, parent_id: str | None, now: int, **fields: Json) -> Line:
    """A line of the tree; its own fields come last."""
    return {"type": kind, "id": entry_id, "parentId": parent_id, "timestamp": iso(now), **fields}


def custom(kind: str, entry_id: str, parent_id: str | None, now: int, **fields: Json) -> Line:
    """A ``custom`` or ``custom_message`` line; its own fields come before the id."""
    return {"type": kind, **fields, "id": entry_id, "parentId": parent_id, "timestamp": iso(now)}


def model_snapshot(model: Model, now: int) -> Line:
    """The data of the custom line that the assistant writes when a run begins with another model."""
    return {"timestamp": now, "provider": model.provider, "modelApi": model.api, "modelId": model.model_id}


def text_block(text: str) -> Line:
    """A content block of text."""
    return {"type": "text", "text": text}


@dataclass(frozen=True)
class Dialect:
    """What clawdbot 2026.1.24 does its own way.

    ``gateway_stores_commands``: a slash command is a user line, and its answer is part of the tree.
    ``failure_is_error``: a failed tool says so in ``isError``, not only in ``details.status``.
    """

    brand: Brand = "clawdbot"
    gateway_stores_commands: bool = False
    failure_is_error: bool = False

    @property
    def state_folder(self) -> str:
        """Where the assistant keeps its state on Mira's machine."""
        return f"{HOME}/.{self.brand}"

    def user(self, text: str, now: int, run_id: str) -> Line:
        """The message of a user line."""
        return {"role": "user", "content": [text_block(text)], "timestamp": now}

    def tool_call(self, model: Model, call_id: str, name: str, arguments: Json, serialised: str, mark: str) -> Line:
        """A content block that calls a tool.

        ``serialised`` is the arguments' JSON; ``mark`` the signature that Google attaches to a call, if any.
        """
        block: Line = {"type": "toolCall", "id": call_id, "name": name, "arguments": arguments}
        return block | ({"thoughtSignature": mark} if model.provider == "google" and mark else {})

    def assistant(
        self, model: Model, content: Sequence[Json], usage: Usage, stop_reason: str, now: int, response_id: str
    ) -> Line:
        """The message of an assistant line."""
        return {
            "role": "assistant",
            "content": content,
            "api": model.api,
            "provider": model.provider,
            "model": model.model_id,
            "usage": usage.as_json(),
            "stopReason": stop_reason,
            "timestamp": now,
        }

    def refusal(self, model: Model, status: int, reason: str, code: str, now: int) -> Line:
        """The message of a call that the provider refused."""
        return self.assistant(model, [], NO_USAGE, "error", now, "") | {"errorMessage": f"{status} {reason}"}

    def injected(self, text: str, now: int, run_id: str | None) -> Line:
        """The message of the gateway itself: no model said it."""
        return {
            "role": "assistant",
            "content": [text_block(text)],
            "timestamp": now,
            "stopReason": "injected",
            "usage": {"input": 0, "output": 0, "totalTokens": 0},
        }

    def mirror(self, text: str, now: int) -> Line:
        """The message of an outbound send that the gateway copies into the transcript."""
        gateway = Model(self.brand, "delivery-mirror", "openai-responses", 0, 0, 0, 0)
        return Dialect.assistant(self, gateway, [text_block(text)], NO_USAGE, "stop", now, "")

    def exec_details(self, output: str, duration: int, cwd: str) -> Line:
        """Details of a command that ended well."""
        return {"status": "completed", "exitCode": 0, "durationMs": duration, "aggregated": output, "cwd": cwd}

    def edit_details(self, path: str, diff: str, patch: str, line: int) -> Line:
        """Details of an edit."""
        return {"diff": diff, "firstChangedLine": line}


@dataclass(frozen=True)
class OpenclawDialect(Dialect):
    """What openclaw 2026.7.1 does differently."""

    brand: Brand = "openclaw"
    gateway_stores_commands: bool = True
    failure_is_error: bool = True

    def user(self, text: str, now: int, run_id: str) -> Line:
        """Plain text, the run that it started, and OpenClaw's private facts."""
        return {
            "role": "user",
            "content": text,
            "timestamp": now,
            "idempotencyKey": f"{run_id}:user",
            "__openclaw": {"senderIsOwner": True},
        }

    def tool_call(self, model: Model, call_id: str, name: str, arguments: Json, serialised: str, mark: str) -> Line:
        """Leaks the streamed arguments of OpenAI-compatible servers."""
        block = super().tool_call(model, call_id, name, arguments, serialised, mark)
        return block | ({"partialArgs": serialised} if model.api == "openai-completions" else {})

    def assistant(
        self, model: Model, content: Sequence[Json], usage: Usage, stop_reason: str, now: int, response_id: str
    ) -> Line:
        """Keeps the provider's response id."""
        message = super().assistant(model, content, usage, stop_reason, now, response_id)
        return message | ({"responseId": response_id} if response_id else {})

    def refusal(self, model: Model, status: int, reason: str, code: str, now: int) -> Line:
        """Keeps the provider's code, type and body of the error."""
        body = f'{{"message":"{reason}","type":"{code}_error","code":"{code}"}}'
        details: Line = {"errorCode": code, "errorType": f"{code}_error", "errorBody": body}
        return super().refusal(model, status, reason, code, now) | details

    def injected(self, text: str, now: int, run_id: str | None) -> Line:
        """Looks like a model's message, with a provider that says otherwise."""
        message: Line = {
            "role": "assistant",
            "content": [text_block(text)],
            "timestamp": now,
            "stopReason": "stop",
            "usage": NO_USAGE.as_json(),
            "api": "openai-responses",
            "provider": "openclaw",
            "model": "gateway-injected",
        }
        return message | ({"idempotencyKey": run_id} if run_id else {})

    def exec_details(self, output: str, duration: int, cwd: str) -> Line:
        """Says how the process ended."""
        return {
            "status": "completed",
            "exitCode": 0,
            "exitSignal": None,
            "exitReason": "exit",
            "durationMs": duration,
            "aggregated": output,
            "noOutputTimedOut": False,
            "cwd": cwd,
        }

    def edit_details(self, path: str, diff: str, patch: str, line: int) -> Line:
        """Has the unified patch beside the diff for people."""
        return {"diff": diff, "patch": patch, "firstChangedLine": line}


DIALECTS: dict[Brand, Dialect] = {"clawdbot": Dialect(), "openclaw": OpenclawDialect()}
