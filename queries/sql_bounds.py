"""The span of filters as conditions of SQL. Pure."""

from __future__ import annotations

from psycopg.sql import SQL, Composable

from queries.filters import Filters

_BOUNDS = {"since": SQL("{column} >= %(since)s"), "until": SQL("{column} < %(until)s")}


def within(filters: Filters, column: SQL) -> Composable:
    """A condition: a time is in the span; its parameters are `since` and `until`, where they are given."""
    stated = [name for name in _BOUNDS if getattr(filters, name) is not None]
    conditions = [_BOUNDS[name].format(column=column) for name in stated]
    return SQL(" AND ").join(conditions) if conditions else SQL("true")
