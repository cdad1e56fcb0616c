"""The records of the topics `chunks` and `session-vectors`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.records import Chunk, SearchableMessage
from schemas.vectors import encode_vector
from sessiontrack.identity import chunk_id
from streams.revisions import CHUNKS, version


class Passage(NamedTuple):
    """A part of a message's text.

    Attributes:
        start: Where it begins, in characters.
        end: Where it ends, exclusive.
        text: What stands there.
    """

    start: int
    end: int
    text: str


def chunk_version(message: SearchableMessage) -> int:
    """Version of a message's chunks: it rises with the message's own, and with the way messages are cut."""
    return message["version"] + version(CHUNKS, 0)


def chunk_record(
    message: SearchableMessage,
    passage: Passage,
    *,
    index: int,
    count: int,
    context: str,
    space: str,
    vector: Iterable[float],
) -> Chunk:
    """The record of a passage.

    Args:
        message: The message.
        passage: The part of its text.
        index: Place of the passage among those of the message, from 0.
        count: How many there are.
        context: What stood before it when it was embedded.
        space: In which the vector is.
        vector: Of length 1.
    """
    numbers = tuple(vector)
    return {
        "chunk_id": chunk_id(message["message_id"], space, index),
        "message_id": message["message_id"],
        "session_id": message["session_id"],
        "version": chunk_version(message),
        "chunk_index": index,
        "chunk_count": count,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "context": context,
        "space": space,
        "dimensions": len(numbers),
        "vector": encode_vector(numbers),
        "agent_id": message["agent_id"],
        "channel": message["channel"],
        "brand": message["brand"],
        "cwd": message["cwd"],
        "project": message["project"],
        "session_key": message["session_key"],
        "chat_type": message["chat_type"],
        "entry_id": message["entry_id"],
        "inherited": message["inherited"],
        "role": message["role"],
        "origin": message["origin"],
        "sender_id": message["sender_id"],
        "sender_name": message["sender_name"],
        "timestamp": message["timestamp"],
        "tools_used": message["tools_used"],
        "provider": message["provider"],
        "model": message["model"],
    }
