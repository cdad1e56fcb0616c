"""What records of the embedded topics are to the bulk API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumers.embedded import Embedded, embedded
from consumers.opensearch_vectors.operations import Projected, operations, projected
from consumers.sink import Partition, Received
from schemas.codec import Decoder
from schemas.topics import CHUNKS, SESSION_VECTORS, Topic
from sessiontrack.errors import TerminalError
from sessiontrack.settings import OpenSearchSettings
from tests.embedded import passage

TARGET = OpenSearchSettings(index_prefix="mine")
ONE, TWO = "one@4", "two@8"


def lines(batch: list[Projected], *known: str) -> list[dict[str, Any]]:
    return [json.loads(line) for each in operations(batch, known, TARGET) for line in each.lines.splitlines()]


def tombstone(topic: Topic, key: bytes) -> Embedded:
    return embedded(Received(Partition(topic.name, 0), 0, 0, key, None, ()), Decoder(topic.schema, lambda number: {}))


def test_a_passage_goes_to_the_index_of_its_space_with_its_version() -> None:
    record = passage(ONE, version=7, channel=None)
    action, body = lines([projected(Embedded(CHUNKS.name, "c1", ONE, record), TARGET)])
    assert action["index"] == {"_index": "mine-chunks-one-4", "_id": "c1", "version": 7, "version_type": "external"}
    assert body["vector"] == [1, 0, 0, 0]
    assert "channel" not in body


def test_a_tombstone_of_a_passage_is_one_for_each_space() -> None:
    sent = lines([projected(tombstone(CHUNKS, b"c1"), TARGET)], TWO, ONE)
    assert [line["delete"]["_index"] for line in sent] == ["mine-chunks-one-4", "mine-chunks-two-8"]


def test_a_tombstone_of_a_session_names_its_space() -> None:
    [sent] = lines([projected(tombstone(SESSION_VECTORS, b"two@8/a/b"), TARGET)], ONE, TWO)
    assert sent["delete"] == {"_index": "mine-session-vectors-two-8", "_id": "a/b"}


@pytest.mark.parametrize("key", [b"session", b"\xff"])
def test_a_tombstone_that_names_nothing_is_refused(key: bytes) -> None:
    with pytest.raises(TerminalError, match="tombstone"):
        tombstone(SESSION_VECTORS, key)
