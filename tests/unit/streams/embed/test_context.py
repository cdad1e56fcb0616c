"""What is embedded together with a passage."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sessiontrack.providers.embedder import estimated_tokens
from streams.embed.context import Conversation, context_of, embedded_text, new_conversation, take_turn
from tests.records import message

MARCH = 1_773_316_800_000  # 12 March 2026, 12:00
NAMES = st.one_of(st.none(), st.text(max_size=60))
MESSAGES = st.builds(
    message,
    role=st.sampled_from(["user", "assistant", "toolResult", "custom_message"]),
    text=st.text(max_size=400),
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
    for each in said:
        take_turn(conversation, each)
    return conversation


def test_a_short_reply_carries_what_it_replies_to() -> None:
    asked = message(text="Shall we keep a second copy of the backup?", timestamp=MARCH, sender_name="Ada")
    answer = message(
        role="assistant", text="Yes, on Fridays.", timestamp=MARCH + 1, channel="telegram", cwd="/home/ada/garden"
    )

    context = context_of(answer, after(asked), 96, words)

    assert embedded_text(context, answer["text"]) == (
        "12 March 2026 · telegram · garden\n"
        "Ada: Shall we keep a second copy of the backup?\n"
        "assistant:\n"
        "Yes, on Fridays."
    )


def test_the_title_is_what_a_person_said_first() -> None:
    said = [message(text=f"{number} green bottles", timestamp=MARCH + number) for number in (3, 1, 2, 4)]
    context = context_of(message(text="five", timestamp=MARCH + 5), after(*said), 96, words)
    assert context.splitlines()[0] == "12 March 2026 · 1 green bottles"
    assert context.splitlines()[1:] == ["user: 2 green bottles", "user: 4 green bottles", "user:"]


def test_what_tools_bring_is_no_turn_and_an_empty_message_neither() -> None:
    conversation = after(
        message(text="Look.", timestamp=1),
        message(role="toolResult", text="lines", timestamp=2),
        message(role="assistant", text=" ", timestamp=3),
    )
    assert [turn["text"] for turn in conversation["turns"]] == ["Look."]


def test_a_message_that_comes_again_has_nothing_later_before_it() -> None:
    conversation = after(message(text="first", timestamp=1), message(text="last", timestamp=9))
    assert context_of(message(text="first", timestamp=0), conversation, 96, words).splitlines()[-1] == "user:"
    assert "last" not in context_of(message(text="first", timestamp=1), conversation, 96, words)


def test_a_long_turn_is_shortened_and_the_later_one_stays() -> None:
    conversation = after(message(text="earlier " * 40, timestamp=1), message(text="later " * 40, timestamp=2))
    context = context_of(message(text="now", timestamp=3), conversation, 40, words)
    assert "later later" in context
    assert words(context) <= 40


@given(
    said=st.lists(MESSAGES, max_size=5),
    now=MESSAGES,
    most=st.integers(1, 96),
    count=st.sampled_from([words, estimated_tokens]),
)
def test_it_fits_always(said: list[Any], now: Any, most: int, count: Any) -> None:
    context = context_of(now, after(*said), most, count)
    assert not context or count(context) <= most


@given(said=st.lists(MESSAGES, max_size=8))
def test_what_is_remembered_is_bounded(said: list[Any]) -> None:
    conversation = after(*said)
    assert len(conversation["turns"]) <= 2
    assert all(len(turn["text"]) <= 800 for turn in conversation["turns"])
    assert len(conversation["title"] or "") <= 80
