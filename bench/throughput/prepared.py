"""The corpus as events, made once by the capture's own reducer and encoder and kept in the data folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from fastavro import parse_schema, reader, writer

from bench.throughput import corpus
from bench.throughput.corpus import Session
from producers.cloudevents import headers_of
from producers.transcript import Transcript, TranscriptSource
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from streams.derive import derive

# How long after a line was written it is read: what a capture takes.
_CAPTURE_MS = 5
# Values are framed with the id that the registry gives them when they are loaded.
_NO_SCHEMA_ID = 0
_PROBED_SESSIONS = 3

_SCHEMA = parse_schema(
    {
        "type": "record",
        "name": "Prepared",
        "fields": [
            {"name": "key", "type": "bytes"},
            {"name": "value", "type": "bytes"},
            {"name": "headers", "type": {"type": "map", "values": "bytes"}},
        ],
    }
)
Progress = Callable[[str], None]


class Record(NamedTuple):
    """A record to load into the events topic."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Expected:
    """What the stores hold when the corpus has passed, counted by the stages themselves.

    Attributes:
        events: Events.
        sessions: Sessions.
        messages: Messages.
        tool_calls: Tool calls.
        model_usage: Pairs of session and model.
    """

    events: int
    sessions: int
    messages: int
    tool_calls: int
    model_usage: int


@dataclass(frozen=True)
class Prepared:
    """A corpus on disk.

    Attributes:
        folder: Where.
        events: How many events.
        transcript_bytes: Bytes of all transcripts.
        value_bytes: Bytes of all encoded values.
        expected: What the stores will hold.
    """

    folder: Path
    events: int
    transcript_bytes: int
    value_bytes: int
    expected: Expected

    @property
    def transcripts(self) -> Path:
        """The folder of the transcripts, a file for each session."""
        return self.folder / "transcripts"

    def records(self) -> Iterator[Record]:
        """The records in the order of time."""
        with (self.folder / "records.avro").open("rb") as file:
            for each in cast(Iterator[dict[str, Any]], reader(file)):
                yield Record(each["key"], each["value"], list(each["headers"].items()))


def prepare(
    root: Path, events: int = corpus.EVENTS, sessions: int = corpus.SESSIONS, progress: Progress = lambda step: None
) -> Prepared:
    """The corpus of this size; made where the code that makes it has changed, or where it is missing.

    Args:
        root: Where corpora are kept.
        events: How many events.
        sessions: How many sessions.
        progress: Told of each step.
    """
    folder = root / f"{events}-{sessions}-{_fingerprint(events, sessions)}"
    facts = folder / "corpus.json"
    if not facts.exists():
        progress(f"making {events:,} events of {sessions:,} sessions; once, a minute or two")
        for outdated in root.glob(f"{events}-{sessions}-*"):
            shutil.rmtree(outdated)
        folder.mkdir(parents=True)
        made = _make(folder, list(corpus.generate(events, sessions)))
        facts.write_text(json.dumps(made), encoding="utf-8")
    values = json.loads(facts.read_text("utf-8"))
    return Prepared(folder, events, values["transcript_bytes"], values["value_bytes"], Expected(**values["expected"]))


def captured(sessions: Sequence[Session]) -> Iterator[SessionEvent]:
    """The events of the sessions' lines, in the order of time, as a capture would read them."""
    transcripts = [
        Transcript(
            TranscriptSource(
                session_id=session.session_id,
                agent_id=session.agent_id,
                brand=session.brand,
                file_name=f"{session.session_id}.jsonl",
            )
        )
        for session in sessions
    ]
    for line in corpus.interleaved(sessions):
        yield transcripts[line.session].append(line.raw, captured_at=line.at + _CAPTURE_MS)


def encoded(events: Iterable[SessionEvent]) -> Iterator[Record]:
    """Their records, framed with no schema id yet."""
    encoder = Encoder(EVENTS.schema, _NO_SCHEMA_ID)
    for event in events:
        yield Record(event["session_id"].encode(), encoder.encode(event), headers_of(event))


def expected(records: Iterable[Record]) -> Expected:
    """What the stages make of the records."""
    decoder = Decoder(EVENTS.schema, lambda schema_id: load_schema(EVENTS.schema))
    count = 0

    def decoded() -> Iterator[SessionEvent]:
        nonlocal count
        for record in records:
            count += 1
            yield decoder.decode(record.value)

    derived = derive(decoded())
    usage = sum(len(session["models_used"]) for session in derived.sessions.values())
    return Expected(count, len(derived.sessions), len(derived.messages), len(derived.tool_calls), usage)


def _make(folder: Path, sessions: Sequence[Session]) -> dict[str, Any]:
    transcripts = folder / "transcripts"
    transcripts.mkdir(exist_ok=True)
    for session in sessions:
        lines = b"".join(line.raw for line in session.lines)
        (transcripts / f"{session.session_id}.jsonl").write_bytes(lines)
    records = list(encoded(captured(sessions)))
    with (folder / "records.avro").open("wb") as file:
        writer(file, _SCHEMA, (_stored(record) for record in records))
    return {
        "transcript_bytes": sum(len(line.raw) for session in sessions for line in session.lines),
        "value_bytes": sum(len(record.value) for record in records),
        "expected": asdict(expected(records)),
    }


def _stored(record: Record) -> dict[str, Any]:
    return {"key": record.key, "value": record.value, "headers": dict(record.headers)}


def _fingerprint(events: int, sessions: int) -> str:
    """What the code makes of the first sessions: changed code makes a corpus of its own."""
    probe = list(islice(corpus.generate(events, sessions), _PROBED_SESSIONS))
    digest = sha256()
    records = list(encoded(captured(probe)))
    for record in records:
        digest.update(record.value)
    digest.update(repr(expected(records)).encode())
    return digest.hexdigest()[:12]
