"""A transcript that is being written: its clock, its tree, its tokens, and the facts noted on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.corpus import lines, models, tools
from bench.corpus.facts import SessionFacts
from bench.corpus.javascript import Json, stringify
from bench.corpus.lines import Dialect, Line
from bench.corpus.models import Model
from bench.corpus.people import Chat, Person
from bench.corpus.scenarios import Call, Step
from bench.corpus.tools import Result, new_uuid
from bench.corpus.words import length, zipf

# Tokens of the system prompt with its tool schemas, and characters of text for one token.
_SYSTEM_TOKENS, _CHARACTERS_PER_TOKEN = 9_200, 4
# Medians of how long people and models take, in milliseconds.
_PERSON_MS, _MODEL_MS, _MODEL_MS_MOST = 95_000, 3_800, 180_000
_PAUSE_MOST = 3 * 3_600_000


@dataclass(frozen=True)
class Written:
    """A line as it is in the file, with its place in the tree."""

    entry_id: str
    parent_id: str | None
    kind: str
    at: int
    raw: bytes


class Transcript:
    """Writes the lines of one session.

    Args:
        facts: What is known of the session; counts are added as lines are written.
        chat: Where the messages come from; None for a sub-agent, whose task comes without an envelope.
    """

    def __init__(
        self, facts: SessionFacts, dialect: Dialect, rng: random.Random, model: Model, chat: Chat | None
    ) -> None:
        self.facts, self.dialect, self.model, self.chat = facts, dialect, model, chat
        self.rng = rng
        self.now = facts.started_at
        self.leaf: str | None = None
        self.written: list[Written] = []
        self.last_usage = models.NO_USAGE
        self.notes: list[str] = []  # "System:" lines that 2026.1 puts before the next message
        self._last_user_at: int | None = None
        self._cached, self._fresh = 0, _SYSTEM_TOKENS

    @property
    def file_name(self) -> str:
        """The name of the transcript's file; forks carry the time, topics of forums their number."""
        facts = self.facts
        if facts.parent_session_id:
            return f"{lines.file_stamp(facts.started_at).replace('.', '-')}_{facts.session_id}.jsonl"
        topic = f"-topic-{self.chat.topic}" if self.chat and self.chat.topic else ""
        return f"{facts.session_id}{topic}.jsonl"

    @property
    def path(self) -> str:
        """Where the assistant on Mira's machine keeps the file."""
        return f"{self.dialect.state_folder}/agents/{self.facts.agent_id}/sessions/{self.file_name}"

    # -- lines ---------------------------------------------------------------------------------------------------------

    def open(self, thinking: str) -> None:
        """The header and the three lines that every run begins with."""
        self.header(None)
        self.model_change()
        self.thinking_level(thinking)
        self.now += 1
        self.snapshot()

    def header(self, parent_session: str | None) -> None:
        """The first line."""
        line = lines.header(self.facts.session_id, self.now, self.facts.cwd, parent_session)
        self._write(line, "", None)
        self.now += self.rng.randint(2, 9)

    def model_change(self) -> None:
        """The model that is used from here on."""
        self._entry("model_change", provider=self.model.provider, modelId=self.model.model_id)
        self.facts.model_changes += 1

    def thinking_level(self, level: str) -> None:
        """How much the model is to think from here on."""
        self._entry("thinking_level_change", thinkingLevel=level)
        self.facts.thinking_level_changes += 1

    def snapshot(self) -> None:
        """The custom line that notes the model of a run."""
        self.custom("model-snapshot", lines.model_snapshot(self.model, self.now))

    def custom(self, custom_type: str, data: Json) -> None:
        """A line of state that the model does not see."""
        self._custom("custom", customType=custom_type, data=data)

    def custom_message(self, custom_type: str, text: str) -> None:
        """A hidden line that the model sees."""
        self._custom(
            "custom_message", customType=custom_type, content=text, display=False, details={"origin": "plugin"}
        )

    def name(self, name: str) -> None:
        """The session's display name."""
        self._entry("session_info", name=name)

    def label(self, target: str, label: str | None) -> None:
        """Puts a label on an entry; None takes it off."""
        self._entry("label", targetId=target, **({"label": label} if label else {}))

    def compaction(self, summary: str, first_kept: str, files: tuple[list[Json], list[Json]], *, by_hook: bool) -> None:
        """Replaces the model's context by a summary."""
        self._entry(
            "compaction",
            summary=summary,
            firstKeptEntryId=first_kept,
            tokensBefore=self._cached + self._fresh,
            details={"readFiles": files[0], "modifiedFiles": files[1]},
            fromHook=by_hook,
        )
        self._cached, self._fresh = 0, _SYSTEM_TOKENS + self._tokens(summary)
        self.facts.compactions += 1

    def branch(self, target: str, summary: str | None) -> None:
        """Goes on from an earlier entry, with or without a summary of what is left behind."""
        self.leaf = target
        self.facts.branches += 1
        if summary:
            details: Json = {"readFiles": [], "modifiedFiles": []}
            self._entry("branch_summary", fromId=target, summary=summary, details=details, fromHook=False)

    def bash(self, command: str, output: str) -> None:
        """A command that a person ran with ``!``."""
        message: Line = {"role": "bashExecution", "command": command, "output": output, "exitCode": 0}
        self._message(message | {"cancelled": False, "truncated": False, "timestamp": self.now})

    # -- messages ------------------------------------------------------------------------------------------------------

    def user(self, text: str, sender: Person, *, stored: bool = True) -> None:
        """A person's message; one that is not ``stored`` leaves only its id behind, as parent of the answer."""
        if self._last_user_at is not None:
            self.now += length(self.rng, _PERSON_MS, 1.2, _PAUSE_MOST)
        message = self.dialect.user(self._wrapped(text, sender), self.now, new_uuid(self.rng))
        if stored and self.chat and sender.name not in self.facts.participants:
            self.facts.participants.append(sender.name)
        self._last_user_at = self.now
        self._fresh += self._tokens(text)
        self.now += self.rng.randint(1, 60)
        if stored:
            self._message(message)
        else:
            self.leaf = self._id()

    def say(self, thinking: str, text: str) -> None:
        """A reply of the model that ends its turn."""
        self._assistant(thinking, text, [], "stop")

    def step(self, step: Step, results: list[Result | None]) -> None:
        """A message that calls tools, and their results; None for one that never comes."""
        ids = [models.call_id(self.model, self.rng, call.tool, self.now) for call in step.calls]
        blocks: list[Json] = []
        for call, call_id in zip(step.calls, ids, strict=True):
            mark = models.letters(self.rng, 80) if self.model.provider == "google" and not blocks else ""
            serialised = stringify(call.arguments)
            blocks.append(self.dialect.tool_call(self.model, call_id, call.tool, call.arguments, serialised, mark))
        self._assistant(step.thinking, step.text, blocks, "toolUse")
        for call, call_id, result in zip(step.calls, ids, results, strict=True):
            self._result(call, call_id, result)

    def lost_result(self, step: Step) -> None:
        """The process dies between a call and its result; the next run inserts a synthetic one."""
        text = tools.MISSING_RESULT.format(brand=self.dialect.brand)
        self.step(step, [Result(text, None, is_error=True, failed=True, duration=60_000) for _ in step.calls])

    def refused(self) -> None:
        """The provider refuses a call."""
        status, reason, code = zipf(self.rng, _REFUSALS)
        started = self.now
        self.now += self.rng.randint(300, 2_000)
        self._message(self.dialect.refusal(self.model, status, reason, code, started))
        self.facts.errors += 1
        self.facts.add_call(self.model.name, models.NO_USAGE)

    def gateway(self, command: str | None, text: str) -> None:
        """The gateway answers a slash command, or somebody injects a note (no ``command``)."""
        run_id = new_uuid(self.rng) if command else None
        self.now += self.rng.randint(400, 4_000)
        if self.dialect.gateway_stores_commands:
            if command and run_id:
                self._message(self.dialect.user(command, self.now, run_id), entry_id=new_uuid(self.rng))
                self.now += self.rng.randint(4, 30)
            self._message(self.dialect.injected(text, self.now, run_id), entry_id=new_uuid(self.rng))
        else:
            line: Line = {"type": "message", "id": self._id(), "timestamp": lines.iso(self.now)}
            self._write(line | {"message": self.dialect.injected(text, self.now, run_id)}, str(line["id"]), None)
            self.facts.add_message("assistant")
        self.facts.injected += 1

    def mirror(self, text: str) -> None:
        """Something the gateway sent elsewhere is copied into this transcript."""
        self._message(self.dialect.mirror(text, self.now))
        self.facts.injected += 1

    # -- the machinery -------------------------------------------------------------------------------------------------

    def copy(self, entry: Written) -> None:
        """Takes over an entry of the parent of a fork, id and time unchanged."""
        self.written.append(entry)
        self.leaf = entry.entry_id
        self._fresh += len(entry.raw) // _CHARACTERS_PER_TOKEN
        self.facts.inherited_lines += 1

    def drain(self) -> list[Written]:
        """Hands out the lines written so far and forgets them."""
        drained, self.written = self.written, []
        return drained

    def _wrapped(self, text: str, sender: Person) -> str:
        notes = "".join(f"System: [{lines.utc_second(self.now)}] {note}\n\n" for note in self.notes)
        self.notes.clear()
        if self.dialect.gateway_stores_commands or self.chat is None:
            return text
        if self.chat.kind == "cron":
            return f"[cron:{self.chat.peer} {self.chat.title}] {text}"
        if self.chat.channel == "webchat":
            return f"{notes}{text}\n[message_id: {new_uuid(self.rng)}]"
        elapsed = None if self._last_user_at is None else self.now - self._last_user_at
        number = self.rng.randint(1_000, 99_999)
        return f"{notes}{self.chat.envelope(sender, text, self.now, elapsed)}\n[message_id: {number}]"

    def _assistant(self, thinking: str, text: str, calls: list[Json], stop_reason: str) -> None:
        content: list[Json] = []
        if thinking:
            signature = models.thinking_signature(self.model, self.rng)
            content.append({"type": "thinking", "thinking": thinking, "thinkingSignature": signature})
        if text:
            content.append(lines.text_block(text))
        content.extend(calls)
        output = self._tokens(thinking) + self._tokens(text) + sum(self._tokens(stringify(call)) for call in calls)
        used = models.usage(self.model, self._cached, self._fresh, output)
        self.last_usage = used
        self._cached, self._fresh = self._cached + self._fresh, output
        started = self.now
        self.now += length(self.rng, _MODEL_MS + 12 * output, 0.6, _MODEL_MS_MOST)
        response = models.response_id(self.model, self.rng)
        self._message(self.dialect.assistant(self.model, content, used, stop_reason, started, response))
        self.facts.add_call(self.model.name, used)

    def _result(self, call: Call, call_id: str, result: Result | None) -> None:
        tally = self.facts.tool(call.tool)
        if result is None:
            tally.unanswered += 1
            return
        self.now += result.duration
        message: Line = {"role": "toolResult", "toolCallId": call_id, "toolName": call.tool}
        message["content"] = [lines.text_block(result.text)]
        if result.details is not None:
            message["details"] = result.details
        message |= {"isError": result.is_error, "timestamp": self.now}
        self.now += self.rng.randint(0, 4)
        self._fresh += self._tokens(result.text)
        self._message(message)
        if result.failed:
            tally.failed += 1
        else:
            tally.succeeded += 1

    def _message(self, message: Line, entry_id: str | None = None) -> None:
        self._entry("message", entry_id, message=message)
        self.facts.add_message(str(message["role"]))

    def _entry(self, kind: str, entry_id: str | None = None, **fields: Json) -> None:
        entry_id = entry_id or self._id()
        self._write(lines.entry(kind, entry_id, self.leaf, self.now, **fields), entry_id, self.leaf)

    def _custom(self, kind: str, **fields: Json) -> None:
        entry_id = self._id()
        self._write(lines.custom(kind, entry_id, self.leaf, self.now, **fields), entry_id, self.leaf)

    def _write(self, line: Line, entry_id: str, parent_id: str | None) -> None:
        raw = stringify(line).encode() + b"\n"
        self.written.append(Written(entry_id, parent_id, str(line["type"]), self.now, raw))
        self.leaf = entry_id or None
        self.facts.lines += 1
        self.facts.last_activity_at = self.now

    def _id(self) -> str:
        return f"{self.rng.getrandbits(32):08x}"

    @staticmethod
    def _tokens(text: str) -> int:
        return -(-len(text) // _CHARACTERS_PER_TOKEN)


_REFUSALS = (
    (429, "This request would exceed your rate limit of 400,000 input tokens per minute", "rate_limit"),
    (529, "Overloaded", "overloaded"),
    (500, "Internal server error", "api"),
    (400, "prompt is too long: 214311 tokens > 200000 maximum", "invalid_request"),
    (401, "invalid x-api-key", "authentication"),
)
