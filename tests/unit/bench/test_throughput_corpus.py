from __future__ import annotations

import json
import math
import random
import statistics
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bench.throughput import corpus, text
from bench.throughput.prepared import captured, prepare
from schemas.avro import load_schema
from schemas.codec import Decoder
from schemas.topics import EVENTS

SESSIONS, LINES = 60, 4_000


@pytest.fixture(scope="module")
def generated() -> list[corpus.Session]:
    return list(corpus.generate(LINES, SESSIONS, seed=3))


def test_has_as_many_sessions_and_lines_as_asked_for(generated: list[corpus.Session]) -> None:
    assert len({session.session_id for session in generated}) == SESSIONS
    assert sum(len(session.lines) for session in generated) == LINES


def test_equal_seeds_give_equal_lines(generated: list[corpus.Session]) -> None:
    assert list(corpus.generate(LINES, SESSIONS, seed=3))[-1] == generated[-1]
    assert next(iter(corpus.generate(LINES, SESSIONS, seed=4))) != generated[0]


def test_lines_are_as_long_and_as_mixed_as_those_of_real_transcripts(generated: list[corpus.Session]) -> None:
    lines = [json.loads(line.raw) for session in generated for line in session.lines]
    roles = Counter(line["message"]["role"] for line in lines if line["type"] == "message")
    size = sum(len(line.raw) for session in generated for line in session.lines)
    assert 600 <= size / LINES <= 1_000
    assert 0.8 <= roles.total() / LINES <= 0.95
    assert roles["assistant"] > roles["toolResult"] > roles["user"] > 0.1 * LINES
    assert sum("usage" in line.get("message", {}) for line in lines) >= roles["assistant"]


def test_sessions_interleave_each_in_its_own_order(generated: list[corpus.Session]) -> None:
    lines = list(corpus.interleaved(generated))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    for number, session in enumerate(generated):
        assert [line.raw for line in lines if line.session == number] == [line.raw for line in session.lines]
    switches = sum(line.session != after.session for line, after in pairwise(lines))
    assert switches > 0.1 * len(lines)


def test_lines_of_sessions_are_log_normal() -> None:
    counts = corpus.line_counts(random.Random(1), 200_000, 3_000)
    logarithms = [math.log(count - corpus._FEWEST_LINES + 0.5) for count in counts]
    median, deviation = statistics.median(logarithms), statistics.stdev(logarithms)
    assert sum(counts) == 200_000
    assert abs(statistics.mean(logarithms) - median) < 0.1
    assert abs(deviation - corpus._LINES_SIGMA) < 0.1


def test_too_few_events_for_the_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        corpus.line_counts(random.Random(1), 100, 50)


def test_texts_are_log_normal_and_their_words_follow_zipf() -> None:
    rng = random.Random(1)
    lengths = [math.log(len(text.text(rng, 30).split())) for _ in range(3_000)]
    counted = Counter(text.words(rng, 200_000))
    first, tenth, hundredth = (counted[text.vocabulary()[rank - 1]] for rank in (1, 10, 100))
    assert abs(statistics.median(lengths) - math.log(30)) < 0.1
    assert abs(statistics.stdev(lengths) - 1.0) < 0.1
    assert 8 < first / tenth < 12
    assert 80 < first / hundredth < 120


def test_prepared_records_are_what_a_capture_publishes(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, 300, 10)
    decoder = Decoder(EVENTS.schema, lambda schema_id: load_schema(EVENTS.schema))
    events = [decoder.decode(record.value) for record in prepared.records()]
    assert events == list(captured(list(corpus.generate(300, 10))))
    assert prepared.expected.events == len(events) == 300
    assert prepared.expected.sessions == 10
    for path in prepared.transcripts.iterdir():
        raws = [event["payload"]["raw"] for event in events if event["session_id"] == path.stem]
        assert path.read_bytes() == b"".join(raws)


def test_what_was_prepared_is_not_prepared_again(tmp_path: Path) -> None:
    steps: list[str] = []
    assert prepare(tmp_path, 300, 10, steps.append) == prepare(tmp_path, 300, 10, steps.append)
    assert len(steps) == 1
