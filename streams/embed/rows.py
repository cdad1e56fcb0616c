"""What the worker `embed` remembers: of each session its conversation and its vector, of each message its chunks."""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json, to_json

from schemas.records import SearchableMessage
from streams.batch import State
from streams.embed.context import Conversation, is_turn, new_conversation, take_turn, turn_before

Sum = NDArray[np.int64]
# In the precision in which it is kept: batches come to the same wherever they are cut.
Half = NDArray[np.float16]

# Position, version, chunks, and whether it is counted.
_MESSAGE = Struct(">qQI?")
# Of a message that was not there.
_NO_POSITION = -1
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
        position: Of the record by which it was last taken.
        version: Of the record that its chunks were last made of; 0 where it was refused.
        chunks: How many there are.
        is_counted: Whether it was counted into its session's vector.
        session_id: Its session: a tombstone does not tell.
    """

    position: int
    version: int
    chunks: int
    is_counted: bool
    session_id: str


class Rows:
    """The rows of a partition, and what a batch makes of them.

    Messages are written before their session. Where a crash comes between, a message's row is ahead of its session's,
    and is read as it was before: the batch that comes again finds what the first one found.

    Args:
        state: As the batches before left it.
        dimensions: Length of a vector.

    Attributes:
        dimensions: Likewise.
        sessions: Those that were read, by id; to be changed in place.
        sums: Of each of them the sum of its messages' vectors, (dimensions,); likewise.
    """

    def __init__(self, state: State, dimensions: int) -> None:
        self._state, self.dimensions = state, dimensions
        self.sessions: dict[str, SessionRow] = {}
        self.sums: dict[str, Sum] = {}
        # Of each session its last turn's vector, where that was embedded; and the position as it was stored.
        self._turns: dict[str, Half | None] = {}
        self._positions: dict[str, int] = {}
        self._messages: dict[str, MessageRow | None] = {}
        # As the batches before left them.
        self._messages_before: dict[str, MessageRow | None] = {}

    def session(self, session_id: str) -> SessionRow:
        """The row of a session, to be changed in place."""
        if session_id not in self.sessions:
            stored = self._state.get(_session_key(session_id))
            row, total, turn = _unpacked_session(stored, self.dimensions) if stored else (_new_session(), None, None)
            self.sessions[session_id], self._turns[session_id] = row, turn
            self.sums[session_id] = np.zeros(self.dimensions, dtype=np.int64) if total is None else total
            self._positions[session_id] = row["position"]
        return self.sessions[session_id]

    def message(self, message_id: str) -> MessageRow | None:
        """The row of a message; None where it never came."""
        if message_id not in self._messages:
            stored = self._state.get(_message_key(message_id))
            row = self._read(stored) if stored else None
            self._messages[message_id] = self._messages_before[message_id] = row
        return self._messages[message_id]

    def _read(self, stored: bytes) -> MessageRow | None:
        row, before = _unpacked(stored)
        self.session(row.session_id)
        return row if row.position <= self._positions[row.session_id] else before

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

    def vector_before(self, message: SearchableMessage) -> Half | None:
        """The vector of the turn that a message follows, (dimensions,); None where none was embedded."""
        session = self.session(message["session_id"])
        return self._turns[message["session_id"]] if turn_before(message, session["conversation"]) else None

    def take_turn(self, message: SearchableMessage, vectors: NDArray[np.float32]) -> None:
        """Takes what a message says into the conversation of its session, if it is a turn.

        Args:
            message: The message.
            vectors: Of its passages, nothing mixed in: (passages, dimensions). Their mean stands for the turn.
        """
        if is_turn(message):
            take_turn(self.session(message["session_id"])["conversation"], message)
            direction = direction_of(vectors.sum(axis=0))
            self._turns[message["session_id"]] = None if direction is None else direction.astype(np.float16)

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
        self._turns[session_id] = None
        self.sums[session_id][:] = 0

    def changes(self) -> tuple[dict[bytes, bytes], list[bytes]]:
        """What to write, messages before the sessions that count them, and which keys to delete after that.

        A message goes last: as long as its row is there, its erasure is taken again after a crash.
        """
        writes = {
            _message_key(key): _packed(row, self._messages_before[key])
            for key, row in self._messages.items()
            if row is not None
        }
        deletes = []
        for session_id, session in self.sessions.items():
            if session["held"] > 0:
                writes[_session_key(session_id)] = _packed_session(
                    session, self.sums[session_id], self._turns[session_id]
                )
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


def _packed_session(row: SessionRow, total: Sum, turn: Half | None) -> bytes:
    # One value: a crash leaves all of it as it was, or nothing.
    text = to_json(row)
    vector = b"" if turn is None else turn.astype("<f2").tobytes()
    return _LENGTH.pack(len(text)) + text + total.astype(">i8").tobytes() + vector


def _unpacked_session(stored: bytes, dimensions: int) -> tuple[SessionRow, Sum, Half | None]:
    end = _LENGTH.size + _LENGTH.unpack_from(stored)[0]
    row: SessionRow = from_json(stored[_LENGTH.size : end])
    total = np.frombuffer(stored, dtype=">i8", count=dimensions, offset=end).astype(np.int64)
    vector = stored[end + total.nbytes :]
    return row, total, np.frombuffer(vector, dtype="<f2").astype(np.float16) if vector else None


def _packed(row: MessageRow, before: MessageRow | None) -> bytes:
    old = before or MessageRow(_NO_POSITION, 0, 0, False, row.session_id)
    return _MESSAGE.pack(*row[:-1]) + _MESSAGE.pack(*old[:-1]) + row.session_id.encode()


def _unpacked(stored: bytes) -> tuple[MessageRow, MessageRow | None]:
    session_id = stored[2 * _MESSAGE.size :].decode()
    row, before = (
        MessageRow(position, version, chunks, is_counted, session_id)
        for position, version, chunks, is_counted in _MESSAGE.iter_unpack(stored[: 2 * _MESSAGE.size])
    )
    return row, None if before.position == _NO_POSITION else before


def _session_key(session_id: str) -> bytes:
    return f"{session_id}/session".encode()


def _message_key(message_id: str) -> bytes:
    # No session's key: none is called like a message.
    return f"message/{message_id}".encode()
