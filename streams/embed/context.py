"""Who speaks, and what was said before: what makes a passage found beside its own words.

"Yes, on Fridays" answers a question that nobody asks again in these words. Embedded together they would be one text in
which the longer drowns the shorter; so only the speaker's name is embedded with a passage, and the turn before it is
mixed in as a vector (`mixing.py`). The context that a chunk carries tells readers what is known of where it was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypedDict

from schemas.records import SearchableMessage
from streams.embed.sample import is_output

# A paragraph: what somebody who reads the answer has to know of the question.
_TURN_CHARACTERS = 400
_TITLE_CHARACTERS = 80
_NAME_CHARACTERS = 40


class Turn(TypedDict):
    """What somebody said, shortened."""

    message_id: str
    at: int
    speaker: str
    text: str


class Conversation(TypedDict):
    """What is known of a session's conversation at some point.

    Attributes:
        title: Beginning of what a person said first.
        title_at: When, epoch milliseconds.
        turn: The one that came last.
    """

    title: str | None
    title_at: int
    turn: Turn | None


def new_conversation() -> Conversation:
    """A conversation in which nothing was said."""
    return Conversation(title=None, title_at=0, turn=None)


def is_turn(message: SearchableMessage) -> bool:
    """Whether somebody says something; what tools bring is no turn."""
    return not is_output(message) and bool(message["text"].strip())


def take_turn(conversation: Conversation, message: SearchableMessage) -> None:
    """Takes in what a message says, which is a turn."""
    conversation["turn"] = Turn(
        message_id=message["message_id"],
        at=message["timestamp"],
        speaker=_speaker(message),
        text=_flat(message["text"], _TURN_CHARACTERS),
    )
    is_first = conversation["title"] is None or message["timestamp"] < conversation["title_at"]
    if message["role"] == "user" and is_first:
        conversation["title"] = _flat(message["text"], _TITLE_CHARACTERS)
        conversation["title_at"] = message["timestamp"]


def turn_before(message: SearchableMessage, conversation: Conversation) -> Turn | None:
    """The turn that a message follows.

    Args:
        message: The message.
        conversation: As it was when the message came.
    """
    turn = conversation["turn"]
    # A message that comes again, after the conversation went on, has neither itself nor anything later before it.
    if turn is None or turn["message_id"] == message["message_id"] or turn["at"] > message["timestamp"]:
        return None
    return turn


def context_of(message: SearchableMessage, conversation: Conversation) -> str:
    """What is known of where a message was said: facts, the turn before it, who speaks; a line each.

    Args:
        message: The message.
        conversation: As it was before.
    """
    turn = turn_before(message, conversation)
    before = f"{turn['speaker']}: {turn['text']}" if turn else ""
    lines = (" · ".join(_facts(message, conversation["title"], turn)), before, f"{_speaker(message)}:")
    return "\n".join(line for line in lines if line)


def embedded_text(message: SearchableMessage, passage: str) -> str:
    """What is embedded of a message's passage: as somebody would quote it."""
    return f"{_speaker(message)}: {passage}"


def _facts(message: SearchableMessage, title: str | None, turn: Turn | None) -> Iterator[str]:
    """Date, channel, folder, and the title unless it is said anyway; what is not known is left out."""
    if date := _date(message["timestamp"]):
        yield date
    for name in (message["channel"], _folder(message["cwd"])):
        if name:
            yield _flat(name, _NAME_CHARACTERS)
    if title and not (turn and turn["text"].startswith(title.rstrip("…"))):
        yield title


def _date(at_ms: int) -> str:
    """Such as 12 March 2026; empty where the transcript does not say, or says what no calendar has."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{at.day} {at:%B %Y}" if at_ms > 0 else ""


def _speaker(message: SearchableMessage) -> str:
    if is_output(message):
        return _flat(" ".join(["output of", *message["tools_used"][:1]]), _NAME_CHARACTERS)
    return _flat(message["sender_name"] or message["role"].replace("_", " "), _NAME_CHARACTERS)


def _folder(path: str | None) -> str:
    """The last part of a path."""
    if not path:
        return ""
    return (PureWindowsPath if "\\" in path else PurePosixPath)(path).name


def _flat(text: str, most: int) -> str:
    """The beginning of a text as one line."""
    flat = " ".join(text[: 2 * most].split())
    return flat if len(flat) <= most and len(text) <= 2 * most else flat[: most - 1].rstrip() + "…"
