"""What the worker `embed` remembers: of each session its conversation and its vector, of each message its chunks."""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json, to_json

from schemas.records import SearchableMessage
from streams.batch import State
from streams.embed.context import Conversation, new_conversation

Sum = NDArray[np.int64]

_MESSAGE = Struct(">qqQI")
_LENGTH = Struct(">I")
# Sums of whole numbers are the same in whatever order messages come. A vector's numbers keep 20 bits behind the point.
_ONE = 1 << 20

_FACTS = ("agent_id", "channel", "brand", "cwd", "project", "session_key", "chat_type")


class SessionRow(TypedDict):
    """One session.

    Attributes:
        position: Of the last message that was taken.
        conversation: As that message left it.
        held: Messages that have a row.
        messages: Messages in the vector.
        chunks: Chunks of these.
        changes: How often the vector changed; it never falls.
        first_at: Time of the earliest message in the vector, epoch milliseconds.
        last_at: Time of the latest.
        facts: The session's facts, as the latest message states them.
    """

    position: int
    conversation: Conversation
    held: int
    messages: int
    chunks: int
    changes: int
    first_at: int
    last_at: int
    facts: dict[str, str | None]


class MessageRow(NamedTuple):
    """One message.

    Attributes:
        position: Of the record by which it came first.
        counted_at: Of the record by which it was counted into its session's vector; -1 where it is not.
        version: Of the record that its chunks were last made of; 0 where it was refused.
        chunks: How many there are.
        session_id: Its session: a tombstone does not tell.
    """

    position: int
    counted_at: int
    version: int
    chunks: int
    session_id: str


class Rows:
    """The rows of a partition, and what a batch makes of them.

    Args:
        state: As the batches before left it.
        dimensions: Length of a vector.

    Attributes:
        sessions: Those that were read, by id; to be changed in place.
        sums: Of each of them the sum of its messages' vectors, (dimensions,); likewise.
    """

    def __init__(self, state: State, dimensions: int) -> None:
        self._state, self._dimensions = state, dimensions
        self.sessions: dict[str, SessionRow] = {}
        self.sums: dict[str, Sum] = {}
        self._messages: dict[str, MessageRow | None] = {}

    def session(self, session_id: str) -> SessionRow:
        """The row of a session, to be changed in place."""
        if session_id not in self.sessions:
            stored = self._state.get(_session_key(session_id))
            row, total = _unpacked_session(stored) if stored else (_new_session(), None)
            self.sessions[session_id] = row
            self.sums[session_id] = np.zeros(self._dimensions, dtype=np.int64) if total is None else total
        return self.sessions[session_id]

    def message(self, message_id: str) -> MessageRow | None:
        """The row of a message; None where it never came."""
        if message_id not in self._messages:
            stored = self._state.get(_message_key(message_id))
            self._messages[message_id] = _unpacked(stored) if stored else None
        return self._messages[message_id]

    def set_message(self, message_id: str, row: MessageRow) -> None:
        """Puts a row in the place of the one that was there."""
        self._messages[message_id] = row

    def count(self, message: SearchableMessage, vectors: NDArray[np.float32]) -> None:
        """Counts a message into the vector of its session, once however long it is.

        Args:
            message: The message.
            vectors: Of its chunks: (chunks, dimensions), at least one.
        """
        session_id = message["session_id"]
        row, direction = self.session(session_id), direction_of(vectors.sum(axis=0))
        if direction is not None:
            self.sums[session_id] += np.rint(direction * _ONE).astype(np.int64)
        at = message["timestamp"]
        if not row["messages"] or at >= row["last_at"]:
            row["facts"] = {name: message[name] for name in _FACTS}  # type: ignore[literal-required]
        row["first_at"] = min(at, row["first_at"]) if row["messages"] else at
        row["last_at"] = max(at, row["last_at"]) if row["messages"] else at
        row["messages"] += 1
        row["chunks"] += len(vectors)
        row["changes"] += 1

    def forget_message(self, message_id: str) -> None:
        """Takes the row of a message away."""
        self._messages[message_id] = None

    def forget_words(self, session_id: str) -> None:
        """Forgets what is known of a session of which a message is erased: its words may be in all of it.

        The vector begins anew with the messages that follow.
        """
        row = self.session(session_id)
        row["held"] -= 1
        row["messages"] = row["chunks"] = 0
        row["changes"] += 1
        row["conversation"], row["facts"] = new_conversation(), {}
        self.sums[session_id][:] = 0

    def changes(self) -> tuple[dict[bytes, bytes], list[bytes]]:
        """What to write, messages before the sessions that count them, and which keys to delete after that.

        A message goes last: as long as its row is there, its erasure is taken again after a crash.
        """
        writes = {_message_key(key): _packed(row) for key, row in self._messages.items() if row is not None}
        deletes = []
        for session_id, session in self.sessions.items():
            if session["held"] > 0:
                writes[_session_key(session_id)] = _packed_session(session, self.sums[session_id])
            else:
                deletes.append(_session_key(session_id))
        return writes, deletes + [_message_key(key) for key, row in self._messages.items() if row is None]


def direction_of(total: NDArray[Any]) -> NDArray[np.float64] | None:
    """The direction of a sum as a vector of length 1, (dimensions,); None where it has none."""
    length = np.linalg.norm(total)
    return np.asarray(total / length, dtype=np.float64) if length else None


def _new_session() -> SessionRow:
    return SessionRow(
        position=-1,
        conversation=new_conversation(),
        held=0,
        messages=0,
        chunks=0,
        changes=0,
        first_at=0,
        last_at=0,
        facts={},
    )


def _packed_session(row: SessionRow, total: Sum) -> bytes:
    # One value: a crash leaves both as they were, or neither.
    text = to_json(row)
    return _LENGTH.pack(len(text)) + text + total.astype(">i8").tobytes()


def _unpacked_session(stored: bytes) -> tuple[SessionRow, Sum]:
    end = _LENGTH.size + _LENGTH.unpack_from(stored)[0]
    row: SessionRow = from_json(stored[_LENGTH.size : end])
    return row, np.frombuffer(stored, dtype=">i8", offset=end).astype(np.int64)


def _packed(row: MessageRow) -> bytes:
    return _MESSAGE.pack(row.position, row.counted_at, row.version, row.chunks) + row.session_id.encode()


def _unpacked(stored: bytes) -> MessageRow:
    position, counted_at, version, chunks = _MESSAGE.unpack_from(stored)
    return MessageRow(position, counted_at, version, chunks, stored[_MESSAGE.size :].decode())


def _session_key(session_id: str) -> bytes:
    return f"{session_id}/session".encode()


def _message_key(message_id: str) -> bytes:
    # No session's key: none is called like a message.
    return f"message/{message_id}".encode()
