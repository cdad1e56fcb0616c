"""What is to be embedded of a batch of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.records import SearchableMessage
from sessiontrack.errors import TransientError
from streams.embed.context import embedded_text
from streams.embed.passages import Passage, passages
from streams.embed.records import chunk_version
from streams.embed.rows import MessageRow, Rows
from streams.embed.sample import embedded_spans

# A passage about one thing is found better than one about many.
_MOST_PASSAGE_TOKENS = 384


class Erasure(NamedTuple):
    """A message that is erased."""

    message_id: str


Incoming = tuple[int, SearchableMessage | Erasure]


class Plan(NamedTuple):
    """What is to be embedded of a message.

    Attributes:
        message: The message.
        passages: The parts of its text.
    """

    message: SearchableMessage
    passages: Sequence[Passage]

    def texts(self) -> Iterator[str]:
        """What is embedded, passage by passage."""
        for passage in self.passages:
            yield embedded_text(self.message, self.message["text"][passage.start : passage.end])


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
        self._most_tokens, self._count_tokens = most_tokens, count_tokens

    def plan(self, message: SearchableMessage) -> Plan:
        """What is to be embedded of a message."""
        spans = embedded_spans(message)
        # The speaker stands before each passage.
        room = self._most_tokens - self._count_tokens(embedded_text(message, ""))
        most = min(room, _MOST_PASSAGE_TOKENS)
        return Plan(message, passages(message["text"], spans, most, self._count_tokens))

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
            elif begins(rows, position, incoming) and is_wanted(rows.message(incoming["message_id"]), incoming):
                try:
                    found[position] = self.plan(incoming)
                    remember(rows, position, incoming, len(found[position].passages))
                except TransientError:
                    raise
                except Exception as error:  # noqa: BLE001  # it is pure: what fails once fails always
                    failed[position] = error
        return Plans(found, failed)


def begins(rows: Rows, position: int, message: SearchableMessage) -> bool:
    """Whether the session has not taken the message yet; from now on it has."""
    session = rows.session(message["session_id"])
    if position <= session["position"]:
        return False
    session["position"] = position
    return True


def is_wanted(row: MessageRow | None, message: SearchableMessage) -> bool:
    """Whether a message is to be embedded: it is new, or newer than what was."""
    return row is None or row.version < chunk_version(message)


def remember(rows: Rows, position: int, message: SearchableMessage, chunks: int | None) -> None:
    """Notes that a message was there, and which chunks it has; None where it was refused.

    Then too its words are in the conversation, and go when it is erased.
    """
    row = rows.message(message["message_id"])
    if row is None:
        rows.session(message["session_id"])["held"] += 1
        row = MessageRow(position, version=0, chunks=0, is_counted=False, session_id=message["session_id"])
    if chunks is not None:
        is_counted = row.is_counted or chunks > 0
        row = row._replace(version=chunk_version(message), chunks=chunks, is_counted=is_counted)
    rows.set_message(message["message_id"], row._replace(position=position))


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
