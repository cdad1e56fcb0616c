from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontrack.cursors import EARLIEST_MS, LATEST_MS, decode_cursor, encode_cursor
from sessiontrack.errors import UsageError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100)


@given(st.integers(EARLIEST_MS, LATEST_MS), TEXTS)
def test_a_place_comes_back(number: int, text: str) -> None:
    assert decode_cursor("kind", encode_cursor("kind", number, text), int, str) == (number, text)


@given(st.text(max_size=200))
def test_any_text_is_a_place_or_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        decode_cursor("kind", text, int, str)


@pytest.mark.parametrize(
    "value",
    [
        ["other", 1, "a"],
        ["kind", 1],
        ["kind", True, "a"],
        ["kind", 10**30, "a"],
        ["kind", 1, "\0"],
        ["kind", 1, "\ud800"],
        {},
    ],
    ids=str,
)
def test_what_no_cursor_of_ours_says_is_refused(value: object) -> None:
    text = urlsafe_b64encode(json.dumps(value).encode()).decode()
    with pytest.raises(UsageError):
        decode_cursor("kind", text, int, str)
