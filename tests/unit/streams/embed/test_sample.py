"""Which parts of a message are embedded."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.embed.sample import embedded_spans
from tests.records import message


def sampled(text: str) -> list[str]:
    return [text[start:end] for start, end in embedded_spans(message(role="toolResult", text=text))]


def test_what_was_said_is_embedded_whole() -> None:
    text = "word " * 100_000
    assert embedded_spans(message(text=text)) == [(0, len(text))]


@pytest.mark.parametrize(
    "said", [message(text=" \n"), message(text="hello", inherited=True)], ids=["empty", "inherited"]
)
def test_what_is_found_elsewhere_or_says_nothing_is_not(said: object) -> None:
    assert embedded_spans(said) == []  # type: ignore[arg-type]


def test_a_short_output_is_whole() -> None:
    assert sampled("ok\n" * 100) == ["ok\n" * 100]


def test_of_a_long_output_head_tail_and_errors_are_embedded() -> None:
    lines = [f"line {number} of the log" for number in range(5_000)]
    lines[2_500] = "E: disk quota: permission denied"
    head, error, tail = sampled("\n".join(lines))
    assert head.startswith("line 0 of")
    assert error == "E: disk quota: permission denied\n"
    assert tail.endswith("line 4999 of the log")
    assert len(head) + len(tail) < 6_000


def test_errors_are_bounded_in_number_and_length() -> None:
    found = sampled("begin\n" * 1_000 + ("x" * 10_000 + " failed " + "y" * 10_000 + "\n") * 50 + "end\n" * 1_000)
    assert len(found) == 10
    assert all("failed" in error and len(error) <= 300 for error in found[1:-1])


@given(st.lists(st.sampled_from(["error ", "fine ", "\n", "x" * 400, "failed"]), min_size=1, max_size=60).map("".join))
def test_spans_are_in_order_and_do_not_overlap(text: str) -> None:
    spans = embedded_spans(message(role="toolResult", text=text))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
