"""What is to be embedded of a batch of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.records import SearchableMessage
from sessiontrack.errors import TransientError
from streams.embed.context import context_of, embedded_text, take_turn
from streams.embed.passages import Passage, passages
from streams.embed.records import chunk_version
from streams.embed.rows import MessageRow, Rows, SessionRow
from streams.embed.sample import embedded_spans

# Of what the model sees, a passage has five parts, its context three.
_PASSAGE_PARTS, _ALL_PARTS = 5, 8
# A passage about one thing is found better than one about many, and more of what came before would hide it.
_MOST_PASSAGE_TOKENS, _MOST_CONTEXT_TOKENS = 384, 160
# Before every position.
_NOT_COUNTED = -1


class Erasure(NamedTuple):
    """A message that is erased."""

    message_id: str


Incoming = tuple[int, SearchableMessage | Erasure]


class Plan(NamedTuple):
    """What is to be embedded of a message.

    Attributes:
        message: The message.
        passages: The parts of its text.
        context: What stands before each.
    """

    message: SearchableMessage
    passages: Sequence[Passage]
    context: str

    def texts(self) -> Iterator[str]:
        """What is embedded, passage by passage."""
        for passage in self.passages:
            yield embedded_text(self.context, self.message["text"][passage.start : passage.end])


class Plans(NamedTuple):
    """What is to be embedded of a batch.

    Attributes:
        found: By position.
        failed: What can't be planned, and why.
    """

    found: Mapping[int, Plan]
    failed: Mapping[int, Exception]


class Planner:
    """Cuts messages as a model takes them.

    Args:
        most_tokens: Most tokens of a text that the model sees.
        count_tokens: Tokens of a text.
    """

    def __init__(self, most_tokens: int, count_tokens: Callable[[str], int]) -> None:
        self._passage_tokens = min(most_tokens * _PASSAGE_PARTS // _ALL_PARTS, _MOST_PASSAGE_TOKENS)
        self._context_tokens = min(most_tokens - self._passage_tokens, _MOST_CONTEXT_TOKENS)
        self._count_tokens = count_tokens

    def plan(self, message: SearchableMessage, session: SessionRow) -> Plan:
        """What is to be embedded of a message.

        Args:
            message: The message.
            session: As it was before.
        """
        text = message["text"]
        found = passages(text, embedded_spans(message), self._passage_tokens, self._count_tokens)
        if not found:
            return Plan(message, [], "")
        context = context_of(message, session["conversation"], self._context_tokens, self._count_tokens)
        return Plan(message, found, context)

    def plans(self, rows: Rows, placed: Sequence[Incoming]) -> Plans:
        """What is to be embedded of a batch; what was embedded before is not.

        Args:
            rows: As the batches before left them; to be thrown away.
            placed: The batch.

        Raises:
            TransientError: Tokens can't be counted.
        """
        found: dict[int, Plan] = {}
        failed: dict[int, Exception] = {}
        for position, incoming in placed:
            if isinstance(incoming, Erasure):
                erase(rows, position, incoming)
            elif begins(rows, position, incoming):
                if is_wanted(rows.message(incoming["message_id"]), position, incoming):
                    try:
                        found[position] = self.plan(incoming, rows.session(incoming["session_id"]))
                        remember(rows, position, incoming, len(found[position].passages))
                    except TransientError:
                        raise
                    except Exception as error:  # noqa: BLE001  # it is pure: what fails once fails always
                        failed[position] = error
                take_turn(rows.session(incoming["session_id"])["conversation"], incoming)
        return Plans(found, failed)


def begins(rows: Rows, position: int, message: SearchableMessage) -> bool:
    """Whether the session has not taken the message yet; from now on it has."""
    session = rows.session(message["session_id"])
    if position <= session["position"]:
        return False
    session["position"] = position
    return True


def is_wanted(row: MessageRow | None, position: int, message: SearchableMessage) -> bool:
    """Whether a message is to be embedded: it is new, or newer than what was.

    A crash may leave a message's row without that of its session: what the same record did to that is still to be done.
    """
    return row is None or row.version < chunk_version(message) or position in (row.position, row.counted_at)


def is_counted_at(row: MessageRow | None, position: int) -> bool:
    """Whether it is for this record to count the message into its session's vector."""
    return row is None or row.counted_at in (_NOT_COUNTED, position)


def remember(rows: Rows, position: int, message: SearchableMessage, chunks: int | None) -> None:
    """Notes that a message was there, and which chunks it has; None where it was refused.

    Then too its words are in the conversation, and go when it is erased.
    """
    row = rows.message(message["message_id"])
    if row is None or row.position == position:
        rows.session(message["session_id"])["held"] += 1
    first = position if row is None else row.position
    counted_at = _NOT_COUNTED if row is None else row.counted_at
    if chunks is None:
        version, chunks = (row.version, row.chunks) if row else (0, 0)
    else:
        version = chunk_version(message)
        counted_at = position if chunks and is_counted_at(row, position) else counted_at
    noted = MessageRow(first, counted_at, version, chunks, message["session_id"])
    rows.set_message(message["message_id"], noted)


def erase(rows: Rows, position: int, erasure: Erasure) -> MessageRow | None:
    """Forgets a message, for good: an erased message does not come again.

    Returns:
        Its row; None where nothing of it is known.
    """
    row = rows.message(erasure.message_id)
    if row is None:
        return None
    rows.forget_message(erasure.message_id)
    session = rows.session(row.session_id)
    if position > session["position"]:
        session["position"] = position
        rows.forget_words(row.session_id)
    return row
