"""Whatever happens to a transcript, each of its versions comes out, byte for byte."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.generations import Generation, Head, Line, LineTree, generations_of
from schemas.records import HeadReason, TranscriptState
from sessiontrack.identity import GENESIS, next_chain


@dataclass
class Recorder:
    """A transcript and what a capture tells of it."""

    content: list[bytes] = field(default_factory=list)
    now: int = 1000
    raw: dict[bytes, bytes] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)

    def append(self, count: int) -> None:
        for _ in range(count):
            self.now += 1
            self.content.append(b"line %d\n" % self.now)
        self._send()

    def rewrite(self, keep: int, count: int) -> None:
        self._head("REWRITTEN", "REPLACED")
        del self.content[keep:]
        self.append(count)

    def truncate(self, keep: int) -> None:
        self._head("TRUNCATED", "REPLACED")
        del self.content[keep:]
        self._head("IMPORTED", "LIVE")

    def archive(self, state: TranscriptState, keep: int) -> None:
        self._head("ARCHIVED", state, archived_at=self.now)
        del self.content[keep:]
        self._head("IMPORTED", "LIVE")

    def imported(self) -> None:
        self._head("IMPORTED", "LIVE")

    def chain(self) -> bytes:
        return self.lines_now()[-1].chain if self.content else GENESIS

    def lines_now(self) -> list[Line]:
        chain, found = GENESIS, []
        for number, raw in enumerate(self.content, start=1):
            previous, chain = chain, next_chain(chain, raw)
            self.raw[chain] = raw
            found.append(Line(chain, previous, number, len(raw), int(raw.split()[1])))
        return found

    def generations(self, seed: int = 0) -> list[Generation]:
        shuffled = random.Random(seed)
        lines, heads = self.lines * 2, self.heads * 2
        shuffled.shuffle(lines)
        shuffled.shuffle(heads)
        self.tree = LineTree(lines)
        return generations_of(self.tree, heads)

    def bytes_of(self, generation: Generation) -> bytes:
        return b"".join(self.raw[line.chain] for line in self.tree.path(generation.chain))

    def _send(self) -> None:
        self.lines += self.lines_now()

    def _head(self, reason: HeadReason, state: TranscriptState, archived_at: int | None = None) -> None:
        self.now += 1
        whole = b"".join(self.content)
        self.heads.append(
            Head(
                chain=self.chain(),
                lines=len(self.content),
                size=len(whole),
                sha256=sha256(whole).digest(),
                reason=reason,
                state=state,
                archived_at=archived_at,
                occurred_at=self.now,
                captured_at=self.now,
            )
        )


steps = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("rewrite"), st.integers(0, 3), st.integers(1, 3)),
    st.tuples(st.just("truncate"), st.integers(0, 3), st.just(0)),
    st.tuples(st.sampled_from(["RESET", "DELETED", "BACKUP"]), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("imported"), st.just(0), st.just(0)),
)


@given(st.lists(steps, max_size=8), st.integers())
def test_every_version_that_was_closed_and_the_live_one_come_out(
    history: list[tuple[str, int, int]], seed: int
) -> None:
    recorder = Recorder()
    recorder.append(2)
    closed: set[bytes] = set()
    for step, first, second in history:
        keep = min(first, max(len(recorder.content) - 1, 0))
        if step in ("rewrite", "truncate", "RESET", "DELETED", "BACKUP"):
            closed.add(b"".join(recorder.content))
        match step:
            case "append":
                recorder.append(first)
            case "rewrite":
                recorder.rewrite(keep, second)
            case "truncate":
                recorder.truncate(keep)
            case "imported":
                recorder.imported()
            case state:
                assert state in get_args(TranscriptState)
                recorder.archive(state, keep)  # type: ignore[arg-type]
    live = b"".join(recorder.content)

    generations = recorder.generations(seed)

    assert {recorder.bytes_of(generation) for generation in generations} == closed | {live}
    assert [generation.number for generation in generations] == list(range(1, len(generations) + 1))
    assert [generation.current for generation in generations] == [False] * (len(generations) - 1) + [True]
    for generation in generations:
        content = recorder.bytes_of(generation)
        assert generation.missing_line is None
        assert (generation.lines, generation.size) == (content.count(b"\n"), len(content))
        assert generation.sha256 in (None, sha256(content).digest())
    assert live in closed or recorder.bytes_of(generations[-1]) == live


def test_the_order_is_replaced_then_put_away_by_time_then_live() -> None:
    recorder = Recorder()
    recorder.append(3)
    recorder.rewrite(1, 2)
    recorder.archive("RESET", 0)
    recorder.append(2)
    recorder.archive("DELETED", 0)
    recorder.append(1)
    assert [generation.state for generation in recorder.generations()] == ["REPLACED", "RESET", "DELETED", "LIVE"]


def test_a_transcript_that_was_rewritten_and_then_deleted_is_the_deleted_one() -> None:
    recorder = Recorder()
    recorder.append(3)
    recorder.rewrite(1, 2)
    recorder.archive("DELETED", 0)
    recorder.heads.pop()  # no file took its place
    assert [(each.state, each.current) for each in recorder.generations()] == [("REPLACED", False), ("DELETED", True)]


def test_the_beginning_of_a_longer_file_is_no_generation() -> None:
    recorder = Recorder()
    recorder.append(2)
    recorder.imported()
    recorder.append(2)
    [generation] = recorder.generations()
    assert (generation.lines, generation.state, generation.sha256) == (4, "LIVE", None)


def test_a_file_that_grew_and_was_archived_while_nobody_looked_has_no_live_beginning() -> None:
    recorder = Recorder()
    recorder.append(2)
    recorder.imported()
    recorder.append(2)
    recorder.heads.append(
        replace(recorder.heads[0], chain=recorder.chain(), lines=4, state="RESET", archived_at=5000, captured_at=9000)
    )
    assert [(generation.lines, generation.state) for generation in recorder.generations()] == [(4, "RESET")]


@pytest.mark.parametrize("missing", [1, 3, 5])
def test_a_missing_line_is_named(missing: int) -> None:
    recorder = Recorder()
    recorder.append(5)
    recorder.imported()
    recorder.lines = [line for line in recorder.lines if line.number != missing]
    [generation] = recorder.generations()
    assert (generation.lines, generation.missing_line) == (5, missing)


def test_a_missing_line_of_a_file_without_a_head_is_named() -> None:
    recorder = Recorder()
    recorder.append(5)
    recorder.lines = [line for line in recorder.lines if line.number != 3]
    [generation] = recorder.generations()
    assert (generation.lines, generation.missing_line) == (5, 3)


def test_a_session_without_lines_has_no_generation() -> None:
    assert generations_of(LineTree([]), []) == []
