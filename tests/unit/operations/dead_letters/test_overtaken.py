"""A tombstone has no version, and a letter may be of an older version than the one that was refused last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from operations.dead_letters import overtaken as module
from operations.dead_letters.overtaken import later_records, newest
from schemas.topics import EVENTS, MESSAGES, SESSIONS
from sessiontrack.settings import Settings
from tests.unit.queries.dead_letters.letters import dead_letter, summary

# What the topics hold: offset, key and value.
LOG: dict[TopicPartition, list[tuple[int, bytes, bytes | None]]] = {
    TopicPartition(MESSAGES.name, 3): [
        (5, b"erased", None),
        (6, b"grown", b"newer"),
        (7, b"grown", b"newest"),
        (8, b"erased before", None),
    ],
    TopicPartition(SESSIONS.name, 3): [(6, b"made anew", b"newer")],
}


class Positions:
    def __init__(self, settings: Settings) -> None:
        pass

    async def __aenter__(self) -> Positions:
        return self

    async def __aexit__(self, *exception: object) -> None:
        pass

    async def ends(self, topics: Any) -> dict[TopicPartition, int]:
        return dict.fromkeys(LOG, 9)


async def read(settings: Any, partition: TopicPartition, begin: int, end: int) -> AsyncIterator[list[Any]]:
    yield [
        SimpleNamespace(offset=offset, key=key, value=value, headers=[("ce_id", key)])
        for offset, key, value in LOG[partition]
        if begin <= offset < end
    ]


async def test_what_was_erased_is_overtaken_and_of_all_else_the_newest_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LogPositions", Positions)
    monkeypatch.setattr(module, "read_partition", read)

    def letter(topic: str, record_id: str, offset: int, value: bytes | None = b"value") -> Any:
        stands = {"topic": topic, "partition": 3, "offset": offset, "value": value}
        return summary(record_id=record_id, **stands)

    letters = [
        letter(MESSAGES.name, "erased", 4),
        letter(MESSAGES.name, "grown", 4),
        letter(MESSAGES.name, "erased before", 9),
        letter(SESSIONS.name, "made anew", 4, None),
        letter(EVENTS.name, "erased", 4),
    ]

    overtaken, newer = await later_records(Settings(), letters)
    assert {each.record_id for each in overtaken.values()} == {"erased"}
    assert {key: record.value for key, record in newer.items()} == {
        letters[1].key: b"newest",
        letters[3].key: b"newer",
    }
    assert await later_records(Settings(), letters[-1:]) == ({}, {})

    refused = dead_letter(record_id="grown", value=b"value")
    assert newest(refused, None) is refused
    given = newest(refused, newer[letters[1].key])
    assert (given["value"], given["offset"], given["record_id"]) == (b"newest", 7, "grown")
    assert [(header["name"], header["value"]) for header in given["headers"]] == [("ce_id", b"grown")]
