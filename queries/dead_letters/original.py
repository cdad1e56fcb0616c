"""One dead letter with the record that was refused, as far as that decodes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import DeadLetterReader, reading
from schemas.codec import CodecError, Decoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import BY_NAME
from sessiontrack.errors import NotFoundError
from sessiontrack.settings import Settings


@dataclass(frozen=True, slots=True)
class Original:
    """What a group refused.

    Attributes:
        letter: What is known of the refusal.
        key: Key of the record.
        value: Its value, exactly as received; None for a tombstone, and where it was given up.
        headers: Its headers, in order.
        record: Its value decoded; None where it does not decode.
        undecodable: Why it does not decode; None where it does, or there is nothing to decode.
    """

    letter: Letter
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    record: Any
    undecodable: str | None


def read_original(settings: Settings, letter: Letter) -> Original:
    """The record of a letter.

    Raises:
        NotFoundError: The letter was replaced since it was found.
        UnavailableError: Kafka or the schema registry does not answer.
    """
    with reading(settings) as reader:
        found = asyncio.run(_fetch(reader, letter))
        record, undecodable = _decoded(settings, found)
    headers = tuple((header["name"], header["value"]) for header in found["headers"])
    return Original(letter, found["key"], found["value"], headers, record, undecodable)


async def _fetch(reader: DeadLetterReader, letter: Letter) -> DeadLetter:
    async for _, found in reader.originals([letter]):
        return found
    raise NotFoundError(f"the dead letter {letter.key} was replaced just now", hint="Ask again.")


def _decoded(settings: Settings, found: DeadLetter) -> tuple[Any, str | None]:
    topic, value = BY_NAME.get(found["topic"]), found["value"]
    if value is None:
        return None, None
    if topic is None:
        return None, "its topic is none of ours"
    registry = SchemaRegistry(settings.registry.url)
    try:
        return Decoder(topic.schema, registry.schema).decode(value), None
    except CodecError as error:
        return None, str(error)
    finally:
        registry.close()
