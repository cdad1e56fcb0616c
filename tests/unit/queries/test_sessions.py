from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.filters import Filters
from queries.sessions import list_sessions
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings


@given(st.one_of(st.sampled_from(["", "bnVsbA", "WzFd", "WzEsMl0", "eyJhIjoxfQ", "é", "%%%"]), st.text()))
def test_any_other_text_is_refused_before_a_server_is_asked(cursor: str) -> None:
    with pytest.raises(UsageError):
        list_sessions(Settings(), Filters(), after=cursor)


def test_an_empty_page_is_refused() -> None:
    with pytest.raises(UsageError):
        list_sessions(Settings(), Filters(), limit=0)
