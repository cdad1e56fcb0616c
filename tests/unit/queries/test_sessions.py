from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.filters import Filters
from queries.sessions import _decode_cursor, _encode_cursor, list_sessions
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings
from tests.records import session


@given(st.integers(0, 253402300799999), st.text())
def test_a_cursor_brings_back_its_place(at: int, session_id: str) -> None:
    cursor = _encode_cursor(session(last_activity_at=at, session_id=session_id))
    assert _decode_cursor(cursor) == (at, session_id)


@given(st.one_of(st.sampled_from(["", "bnVsbA", "WzFd", "WzEsMl0", "eyJhIjoxfQ", "é", "%%%"]), st.text()))
def test_any_other_text_is_refused_before_a_server_is_asked(cursor: str) -> None:
    with pytest.raises(UsageError):
        list_sessions(Settings(), Filters(), after=cursor)


def test_an_empty_page_is_refused() -> None:
    with pytest.raises(UsageError):
        list_sessions(Settings(), Filters(), limit=0)
