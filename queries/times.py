"""Times as people type them, `7d`, `2026-03`, `2026-01-24`, `2026-01-24T10:00Z`, and as programs read them."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import overload

from sessiontrack.cursors import EARLIEST_MS
from sessiontrack.errors import UsageError

_AGO = re.compile(r"(\d{1,6})\s*(m|h|d|w)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH_OR_YEAR = re.compile(r"(\d{4})(?:-(\d{2}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_HINT = "Write 30m, 24h, 7d or 2w (ago), a day such as 2026-01-24, 2026-01, 2026, or a time such as 2026-01-24T10:00Z."


def parse_time(text: str, *, now: int | None = None, end: bool = False) -> int:
    """The moment that a text names, as epoch milliseconds.

    Args:
        text: So long ago (`7d`), a day, `today`, `yesterday`, a month, a year, or an ISO 8601 time; local time where it
            names no zone.
        now: What "ago" counts from, epoch milliseconds; the clock's time if None.
        end: Take the end of a day, month or year, where `text` names one, so that `--until` includes it.

    Raises:
        UsageError: It is none of these.
    """
    text = text.strip()
    moment = time.time_ns() // 1_000_000 if now is None else now
    if ago := _AGO.fullmatch(text):
        return max(EARLIEST_MS, moment - int(ago[1]) * _UNIT_MS[ago[2].lower()])
    try:
        if span := _span(text, moment):
            day = span[1 if end else 0]
            return _epoch_ms(datetime(day.year, day.month, day.day))  # noqa: DTZ001  # a person's day is local
        return _epoch_ms(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{text[:40]!r} is no time", hint=_HINT) from error


@overload
def iso(milliseconds: int) -> str: ...
@overload
def iso(milliseconds: int | None) -> str | None: ...
def iso(milliseconds: int | None) -> str | None:
    """Epoch milliseconds as ISO-8601 UTC with milliseconds and Z; exact, as a float would not be."""
    if milliseconds is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _span(text: str, now: int) -> tuple[date, date] | None:
    """The first day of what a text names, and the day after its last."""
    if day := _day(text, now):
        return day, day + timedelta(days=1)
    if not (named := _MONTH_OR_YEAR.fullmatch(text)):
        return None
    year, month = int(named[1]), int(named[2] or 0)
    if not month:
        return date(year, 1, 1), date(year + 1, 1, 1)
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _day(text: str, now: int) -> date | None:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    today = date.fromtimestamp(now / 1000)  # noqa: DTZ012
    return {"today": today, "yesterday": today - timedelta(days=1)}.get(text.lower())


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
