"""What the name of a transcript says: which session, and whether it is live or put away.

Names (Clawdbot 2026.1 to OpenClaw 2026.9):
`<sessionId>.jsonl`, `<sessionId>-topic-<threadId>.jsonl`, `<ISO>_<sessionId>.jsonl` (forks), each followed by
`.reset.<ISO>`, `.deleted.<ISO>` or `.bak.<ISO>` once put away, where `<ISO>` is a time with `-` for `:`. From 2026.7.2
on transcripts are in `<brand>-agent.sqlite`, and what is put away may be compressed: `<name>.<hex>.zst`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from producers.clawdbot.fields import epoch_ms
from schemas.records import TranscriptState

_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:[-.]\d+)?Z"
_NAME = re.compile(
    rf"(?P<live>(?:{_TIME}_)?(?P<session_id>[^/\\\s]+?)(?:-topic-(?P<thread_id>[^/\\\s]+?))?\.jsonl)"
    rf"(?:\.(?P<archive>reset|deleted|bak)\.(?P<archived_at>{_TIME}))?"
)
_STATES: dict[str | None, TranscriptState] = {None: "LIVE", "reset": "RESET", "deleted": "DELETED", "bak": "BACKUP"}
# Debug traces beside the transcripts.
_SIDECAR = ".trajectory."
_SQLITE = "sqlite:"
_COMPRESSED = re.compile(r"(?P<name>[^/\\]+?)(?:\.[0-9a-f]{8,64})?\.zst")
_DATABASE = re.compile(r"[^/\\]+-agent\.sqlite")
_DATABASE_SUFFIX = ".sqlite"


@dataclass(frozen=True, slots=True)
class FileNameFacts:
    """What a transcript's name says.

    Attributes:
        session_id: The session; the header's id goes before it where they differ.
        live_name: The name while it was live, equal to the name unless it was put away.
        state: LIVE, RESET, DELETED or BACKUP.
        archived_at: When it was put away, epoch ms; None for a live one.
        thread_id: Forum topic of the session, if it has one.
    """

    session_id: str
    live_name: str
    state: TranscriptState
    archived_at: int | None = None
    thread_id: str | None = None


def file_name_facts(name: str) -> FileNameFacts | None:
    """What a file name (without folders) says; None where it is not the name of a transcript."""
    match = None if _SIDECAR in name else _NAME.fullmatch(name)
    if match is None:
        return None
    archived_at, thread_id = match["archived_at"], match["thread_id"]
    return FileNameFacts(
        session_id=match["session_id"],
        live_name=match["live"],
        state=_STATES[match["archive"]],
        archived_at=None if archived_at is None else _archive_time(archived_at),
        thread_id=None if thread_id is None else unquote(thread_id),
    )


def archive_name_facts(name: str) -> FileNameFacts | None:
    """What the name of a compressed file says; None where it is not the name of a transcript.

    `<transcript>.<generation>.zst` says what the transcript's own name says. In cold storage, `<sha256>.jsonl.zst`,
    only the content names the session.
    """
    match = _COMPRESSED.fullmatch(name)
    return None if match is None else file_name_facts(match["name"])


def is_database_name(name: str) -> bool:
    """Whether a file is named like an agent's database."""
    return _DATABASE.fullmatch(name) is not None


def holds_transcripts(name: str) -> bool:
    """Whether a file is named like one that a capture reads: a transcript, also a compressed one, or a database."""
    return file_name_facts(name) is not None or archive_name_facts(name) is not None or is_database_name(name)


def is_database(path: Path) -> bool:
    """Whether a file that is to be read is a database, however it is called."""
    return path.suffix == _DATABASE_SUFFIX


def database_of(path: Path) -> Path | None:
    """The database that a file belongs to: it itself, or what SQLite keeps beside it; None where to none."""
    name, suffix, _ = path.name.rpartition(_DATABASE_SUFFIX)
    return path.with_name(name + suffix) if suffix else None


def referenced_session_id(reference: str) -> str | None:
    """The session that a header's `parentSession` or `branchedFrom` names.

    Args:
        reference: Path of a transcript, or a marker `sqlite:<agent>:<sessionId>:<database>`.
    """
    if reference.startswith(_SQLITE):
        parts = reference.split(":", 3)
        return parts[2] or None if len(parts) == 4 else None
    facts = file_name_facts(re.split(r"[/\\]", reference)[-1])
    return facts.session_id if facts else None


def _archive_time(stamp: str) -> int | None:
    date, time = stamp.removesuffix("Z").split("T")
    return epoch_ms(f"{date}T{time[:8].replace('-', ':')}.{time[9:] or 0}Z")
