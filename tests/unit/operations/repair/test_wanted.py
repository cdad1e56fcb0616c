"""What a repair sends and deletes follows from what verify named."""

from __future__ import annotations

from operations.repair.wanted import RecordKey, wanted
from queries.verify import Difference
from queries.verify.comparison import DifferenceKind
from schemas.topics import EVENTS, MESSAGES, SESSIONS


def difference(store: str, dataset: str, kind: DifferenceKind, record_id: str) -> Difference:
    return Difference(store, dataset, kind, record_id, "s")


def test_what_is_missing_or_altered_is_sent_by_its_own_topic() -> None:
    found = [
        difference("postgres", "events", "missing", "e"),
        difference("postgres", "messages", "altered", "m"),
        difference("opensearch", "messages", "missing", "n"),
        difference("archive", "events", "missing", "0/1"),
        difference("log", "lines", "missing", "l"),
    ]
    work = wanted(found, "postgres")
    assert work.send == {RecordKey(EVENTS.name, "e"), RecordKey(MESSAGES.name, "m")}
    assert work.remove == set()
    assert work.sessions == {"s"}
    assert wanted(found, "opensearch").send == {RecordKey(MESSAGES.name, "n")}


def test_a_part_of_a_record_is_written_with_its_record() -> None:
    work = wanted([difference("postgres", "model_usage", "surplus", "s/anthropic/opus")], "postgres")
    assert work.send == {RecordKey(SESSIONS.name, "s")}
    assert work.remove == set()


def test_what_is_there_twice_goes_and_comes_again() -> None:
    work = wanted([difference("postgres", "messages", "surplus", "m")], "postgres")
    assert work.send == work.remove == {RecordKey(MESSAGES.name, "m")}
