"""The files of a session: its transcript, and what resets, deletions and compactions of lines leave beside it."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from typing import Literal

from bench.corpus.facts import FileFacts
from bench.corpus.javascript import stringify
from bench.corpus.lines import file_stamp
from bench.corpus.sessions import one_turn, play
from bench.corpus.transcript import Transcript, Written

FileKind = Literal["transcript", "reset", "deleted", "bak"]


@dataclass(frozen=True)
class File:
    """A file, its path relative to the state folder."""

    path: str
    kind: FileKind
    content: bytes

    def facts(self) -> FileFacts:
        """What tests compare with."""
        digest = hashlib.sha256(self.content).hexdigest()
        return FileFacts(self.path, self.kind, digest, len(self.content), self.content.count(b"\n"))


def ended_file(transcript: Transcript) -> File:
    """The one file of a session that goes on, or was reset or deleted as its facts say."""
    facts = transcript.facts
    if facts.ended == "reset" or facts.ended == "deleted":
        return _file(transcript, facts.ended, _content(transcript.written), facts.ended_at)
    return _file(transcript, "transcript", _content(transcript.written))


def compacted_files(transcript: Transcript, rng: random.Random) -> list[File]:
    """``sessions.compact {maxLines}``: the original is kept as ``.bak``, the transcript holds its last lines only.

    openclaw keeps the header and makes the first line that is left a root. clawdbot 2026.1 loses the header; its next
    run truncates the file, leaves an empty first line, and does not write the message that started it.
    """
    transcript.now += rng.randint(60_000, 600_000)
    original = _file(transcript, "bak", _content(transcript.written), transcript.now)
    kept = transcript.written[-rng.randint(2, 6) :]
    goes_on = rng.random() < 0.5
    before = len(transcript.written)
    if transcript.dialect.brand == "clawdbot":
        if goes_on:
            play(transcript, one_turn(transcript), stored=False)
        content = b"\n" + _content(transcript.written[before:]) if goes_on else _content(kept)
        return [original, _file(transcript, "transcript", content)]
    if goes_on:
        play(transcript, one_turn(transcript))
    head = transcript.written[0].raw + _as_root(kept[0].raw)
    content = head + _content(kept[1:]) + _content(transcript.written[before:])
    return [original, _file(transcript, "transcript", content)]


def _file(transcript: Transcript, kind: FileKind, content: bytes, at: int | None = None) -> File:
    stem = f"agents/{transcript.facts.agent_id}/sessions/{transcript.file_name}"
    return File(stem if at is None else f"{stem}.{kind}.{file_stamp(at)}", kind, content)


def _content(entries: list[Written]) -> bytes:
    return b"".join(entry.raw for entry in entries)


def _as_root(raw: bytes) -> bytes:
    return stringify({**json.loads(raw), "parentId": None}).encode() + b"\n"
