"""Who speaks, and what was said before."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sessiontrack.providers.embedder import estimated_tokens
from streams.embed.context import (
    Conversation,
    context_of,
    embedded_text,
    is_turn,
    new_conversation,
    take_turn,
    turn_before,
)
from streams.embed.plan import Planner
from tests.records import message

MARCH = 1_773_316_800_000  # 12 March 2026, 12:00
NAMES = st.one_of(st.none(), st.text(max_size=60))
MESSAGES = st.builds(
    message,
    role=st.sampled_from(["user", "assistant", "toolResult", "custom_message"]),
    text=st.text(max_size=800),
    timestamp=st.one_of(st.integers(0, 2 * MARCH), st.integers(-(2**63), 2**63 - 1)),
    channel=NAMES,
    cwd=NAMES,
    sender_name=NAMES,
    tools_used=st.lists(st.text(max_size=30), max_size=2),
)


def words(text: str) -> int:
    return len(text.split())


def after(*said: Any) -> Conversation:
    conversation = new_conversation()
    for number, each in enumerate(said):
        take_turn(conversation, each | {"message_id": str(number)})
    return conversation


def test_a_reader_sees_what_a_short_reply_replies_to_and_its_speaker_is_embedded() -> None:
    asked = message(text="Shall we keep a second copy of the backup?", timestamp=MARCH, sender_name="Ada")
    answer = message(
        role="assistant", text="Yes, on Fridays.", timestamp=MARCH + 1, channel="telegram", cwd="/home/ada/garden"
    )

    assert context_of(answer, after(asked)) == (
        "12 March 2026 · telegram · garden\nAda: Shall we keep a second copy of the backup?\nassistant:"
    )
    assert embedded_text(answer, answer["text"]) == "assistant: Yes, on Fridays."


def test_the_title_is_what_a_person_said_first() -> None:
    said = [message(text=f"{number} green bottles", timestamp=MARCH + number) for number in (3, 1, 2, 4)]
    context = context_of(message(text="five", timestamp=MARCH + 5), after(*said))
    assert context.splitlines() == ["12 March 2026 · 1 green bottles", "user: 4 green bottles", "user:"]


def test_what_tools_bring_is_no_turn_and_an_empty_message_neither() -> None:
    assert is_turn(message(text="Look."))
    assert not is_turn(message(role="toolResult", text="lines"))
    assert not is_turn(message(role="assistant", text=" "))


def test_a_message_that_comes_again_has_neither_itself_nor_anything_later_before_it() -> None:
    last = message(text="last", timestamp=9)
    conversation = after(message(text="first", timestamp=1), last)
    assert turn_before(message(text="first", timestamp=1), conversation) is None
    assert turn_before(last | {"message_id": "1"}, conversation) is None
    assert turn_before(last | {"message_id": "2"}, conversation) == conversation["turn"]


@given(said=st.lists(MESSAGES, max_size=5), now=MESSAGES)
def test_what_is_remembered_and_told_is_bounded(said: list[Any], now: Any) -> None:
    conversation = after(*said)
    assert len((conversation["turn"] or {"text": ""})["text"]) <= 400
    assert len(conversation["title"] or "") <= 80
    assert len(context_of(now, conversation)) < 800


@given(said=MESSAGES, most=st.integers(48, 96), count=st.sampled_from([words, estimated_tokens]))
def test_a_passage_with_its_speaker_fits_always(said: Any, most: int, count: Any) -> None:
    assert all(count(text) <= most for text in Planner(most, count).plan(said).texts())
