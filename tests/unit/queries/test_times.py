"""Times as people type them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.times import parse_time
from sessiontrack.errors import UsageError

NOW = int(datetime(2026, 1, 24, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "ago"),
    [("30m", timedelta(minutes=30)), ("24h", timedelta(hours=24)), ("7d", timedelta(days=7)), ("2W", timedelta(14))],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert parse_time(text, now=NOW) == NOW - ago // timedelta(milliseconds=1)


def test_iso_times_with_and_without_a_zone() -> None:
    assert parse_time("2026-01-24T12:00:00Z") == NOW
    assert parse_time("2026-01-24T13:00:00.000+01:00") == NOW
    local = datetime(2026, 1, 24, 12).timestamp()  # noqa: DTZ001
    assert parse_time("2026-01-24T12:00") == int(local * 1000)


def test_a_day_begins_at_local_midnight_and_its_end_is_that_of_the_next() -> None:
    begin, end = (datetime(2026, 1, day).timestamp() * 1000 for day in (24, 25))  # noqa: DTZ001
    assert parse_time("2026-01-24") == begin
    assert parse_time("2026-01-24", end=True) == end
    assert parse_time("today", now=NOW) <= NOW < parse_time("today", now=NOW, end=True)
    assert parse_time("yesterday", now=NOW, end=True) == parse_time("today", now=NOW)


@pytest.mark.parametrize("text", ["", "soon", "7y", "2026-13-01", "7", "-7d", "9999-12-31x"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="no time"):
        parse_time(text)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused_clearly(text: str) -> None:
    with suppress(UsageError):
        assert isinstance(parse_time(text, now=NOW), int)
