"""Writes transcripts as the assistant does, and collects what a reader sends of them."""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path

from hypothesis import strategies as st

from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import Checkpoint
from producers.clawdbot.database_reader import DatabaseReader
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey
from producers.clawdbot.reader import Reader
from producers.clawdbot.sources import Sources
from schemas.records import SessionEvent
from sessiontrack.errors import TransientError
from sessiontrack.identity import GENESIS
from sessiontrack.telemetry.metrics import CaptureMetrics

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER_SESSION = "22222222-2222-4333-8444-555555555555"
RESET_SUFFIX = ".reset.2026-11-22T00-57-40.587Z"
RESET_AT = 1_795_309_060_587
# 2026-11-22T04:00Z: later than all that is written.
NOW = 1_795_320_000_000
AFTER_FORK = "2026-11-22T03:00:00.000Z"

_FORKED_AT = "2026-11-22T02:00:00.000Z"
_ticks = count(1)


def header(
    session_id: str = SESSION, *, version: int | None = 3, at: str = "2026-11-22T00:51:17.889Z", **fields: object
) -> bytes:
    stated = {} if version is None else {"version": version}
    return line(type="session", **stated, id=session_id, timestamp=at, cwd="/home/u", **fields)


def message(number: int, text: str = "hello", *, at: str = "2026-11-22T00:51:18.000Z") -> bytes:
    body = {"role": "user", "content": text, "timestamp": 1}
    return line(type="message", id=f"{number:08x}", parentId=None, timestamp=at, message=body)


def reply(number: int, tokens: int) -> bytes:
    """What a model says, as v1 has it: without ids."""
    usage = {"input": tokens, "output": 1, "cacheRead": 0, "cacheWrite": 0}
    body = {"role": "assistant", "content": f"reply {number}", "provider": "sim", "model": "sim-1", "usage": usage}
    return line(type="message", timestamp="2026-11-22T00:51:19.000Z", message=body)


def hook(number: int) -> bytes:
    """What a hook says, as v1 and v2 call it."""
    body = {"role": "hookMessage", "content": f"hook {number}"}
    return line(type="message", timestamp="2026-11-22T00:51:20.000Z", message=body)


def forked(path: Path, session_id: str) -> bytes:
    """A new session with all that stands in another one's transcript."""
    copied = [each for each in content(path).splitlines(keepends=True)[1:] if each.endswith(b"\n")]
    return header(session_id, at=_FORKED_AT, parentSession=str(path)) + b"".join(copied)


def line(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def write(path: Path, data: bytes, *, append: bool = False) -> None:
    """Writes in place, and lets time pass: the kernel's clock for files may stand still for milliseconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if append else "wb") as file:
        file.write(data)
    tick = next(_ticks) * 1_000_000
    os.utime(path, ns=(tick, tick))


def content(path: Path) -> bytes:
    return path.read_bytes()


def rename(path: Path, suffix: str) -> Path:
    return path.rename(path.with_name(path.name + suffix))


class Log:
    """Takes batches as a broker that is always well: what is sent is acknowledged."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.checkpoints: dict[Path, Checkpoint] = {}
        self.generations: dict[GenerationKey, GenerationCheckpoint] = {}
        self.metrics = CaptureMetrics()

    async def send(self, batch: Batch) -> None:
        self.events += batch.events
        if batch.renamed_from is not None:
            self.checkpoints.pop(batch.renamed_from, None)
        if isinstance(batch.checkpoint, GenerationCheckpoint):
            self.generations[batch.checkpoint.key] = batch.checkpoint
        else:
            self.checkpoints[batch.checkpoint.path] = batch.checkpoint

    def reader(self, *roots: Path, now: int = NOW) -> Reader:
        """A reader that starts from what is acknowledged."""
        return Reader(list(roots), "clawdbot", dict(self.checkpoints), self.send, lambda: now)

    def sources(self, *roots: Path, now: int = NOW) -> Sources:
        """All readers, as one that counts."""
        known = dict(self.checkpoints), dict(self.generations)
        return Sources(list(roots), "clawdbot", *known, self.send, lambda: now, metrics=self.metrics)

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of a metric of the capture."""
        return self.metrics.registry.get_sample_value(f"sessiontrack_{name}", labels)

    def database_reader(self, *roots: Path, now: int = NOW) -> DatabaseReader:
        """The same for databases and compressed files."""
        known = dict(self.generations)
        return DatabaseReader(list(roots), "clawdbot", known, self.send, lambda: now)

    def of_kind(self, kind: str) -> list[SessionEvent]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def lines(self) -> list[bytes]:
        return [raw for event in self.events if (raw := raw_of(event)) is not None]

    def generation(self, chain: bytes) -> bytes:
        """The bytes of the generation that ends with a chain.

        Raises:
            KeyError: An event of it is missing.
        """
        by_chain = {event["chain"]: event for event in self.events if event["line_number"] is not None}
        parts: list[bytes] = []
        while chain != GENESIS:
            event = by_chain[chain]
            parts.append(raw_of(event) or b"")
            assert event["previous_chain"] is not None
            chain = event["previous_chain"]
        return b"".join(reversed(parts))


class FailingLog(Log):
    """Fails after so many batches, as a broker that goes away; what it took it has."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None

    async def send(self, batch: Batch) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise TransientError("the broker went away")
        await super().send(batch)


def raw_of(event: SessionEvent) -> bytes | None:
    return event["payload"]["raw"] if event["payload"] else None


def heads(log: Log) -> list[tuple[str, str, int]]:
    """Reason, state and number of lines of each head, in order."""
    bodies = [event["payload"]["transcript_head"] for event in log.events if event["payload"]]
    return [(head["reason"], head["state"], head["lines"]) for head in bodies if head is not None]


# As headers state them: v1 states none.
VERSIONS = st.sampled_from([None, 2, 3])
# Lines of all sorts, with the same ones again and again.
LINES = st.lists(
    st.builds(message, st.integers(0, 50), st.text("ab ", max_size=400))
    | st.builds(reply, st.integers(0, 9), st.integers(0, 9))
    | st.builds(hook, st.integers(0, 9))
    | st.sampled_from([b"\n", b"{broken\n"]),
    min_size=1,
    max_size=4,
)


async def look_around(reader: Reader | DatabaseReader | Sources) -> None:
    """A whole round."""
    async for _ in reader.look_around():
        pass
