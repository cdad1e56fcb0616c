"""What was said in a span, from the sums that PostgreSQL keeps of each quarter of an hour."""

from __future__ import annotations

from typing import Any

from psycopg.sql import SQL, Composable

from consumers.postgres.activity import QUARTER_MS, summed_up
from consumers.postgres.adaptation import Millis
from queries.filters import Filters
from queries.sql_bounds import within

_INSIDE = {"first": SQL("quarter >= %(first)s"), "end": SQL("quarter < %(end)s")}
_OUTSIDE = {"first": SQL("timestamp < %(first)s"), "end": SQL("timestamp >= %(end)s")}
_ALL = SQL("true")
_KEPT = SQL("SELECT * FROM message_activity WHERE {inside}")


def quarters(filters: Filters, of: Composable = _ALL) -> Composable:
    """A query for rows as those of message_activity; its parameters are those of the span, and `whole_quarters`.

    Of a quarter that the span cuts, the messages tell what is in the span.

    Args:
        filters: Their span counts.
        of: A condition that spares the reading of messages of other sessions.
    """
    bounds = whole_quarters(filters)
    kept = _KEPT.format(inside=SQL(" AND ").join([_INSIDE[name] for name in bounds]) if bounds else _ALL)
    if [*bounds.values()] == [at for at in (filters.since, filters.until) if at is not None]:
        return kept
    outside = SQL(" OR ").join([_OUTSIDE[name] for name in bounds])
    cut = SQL("{} AND ({}) AND {}").format(within(filters, SQL("timestamp")), outside, of)
    return SQL("{} UNION ALL {}").format(kept, summed_up(cut))


def whole_quarters(filters: Filters) -> dict[str, Any]:
    """When the first whole quarter of a span begins, `first`, and the last one ends, `end`, where it is bounded."""
    bounds = {}
    if filters.since is not None:
        bounds["first"] = Millis(-(-filters.since // QUARTER_MS) * QUARTER_MS)
    if filters.until is not None:
        bounds["end"] = Millis(filters.until // QUARTER_MS * QUARTER_MS)
    return bounds
