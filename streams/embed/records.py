"""The records of the topics `chunks` and `session-vectors`."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.records import Chunk, SearchableMessage, SessionVector
from schemas.vectors import encode_vector
from sessiontrack.identity import chunk_id
from streams.embed.passages import Passage
from streams.embed.rows import SessionRow
from streams.revisions import CHUNKS, SESSION_VECTORS, version


def chunk_version(message: SearchableMessage) -> int:
    """Version of a message's chunks: it rises with the message's own, and with the way they are cut and embedded."""
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
        context: What was known of where the message was said.
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
        "text": message["text"][passage.start : passage.end],
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


def session_vector_key(space: str, session_id: str) -> str:
    """The key of the record of a session's vector."""
    return f"{space}/{session_id}"


def session_vector_record(session_id: str, row: SessionRow, *, space: str, vector: Iterable[float]) -> SessionVector:
    """The record of a session's vector.

    Args:
        session_id: The session.
        row: What is known of it; at least one message is counted.
        space: In which the vector is.
        vector: Of length 1.
    """
    numbers, facts = tuple(vector), row["facts"]
    return {
        "session_id": session_id,
        "version": version(SESSION_VECTORS, row["changes"]),
        "space": space,
        "dimensions": len(numbers),
        "vector": encode_vector(numbers),
        "messages": row["messages"],
        "chunks": row["chunks"],
        "agent_id": facts["agent_id"],
        "channel": facts["channel"],
        "brand": facts["brand"],
        "cwd": facts["cwd"],
        "project": facts["project"],
        "session_key": facts["session_key"],
        "chat_type": facts["chat_type"],
        "first_at": row["first_at"],
        "last_at": row["last_at"],
    }
