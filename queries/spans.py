"""A span of time, cut into periods as a reader's clock has them, and the sessions that were active in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from psycopg import Connection
from psycopg.errors import InvalidParameterValue
from psycopg.sql import SQL, Composable

from consumers.postgres.rows import Row
from queries.filters import Filters
from queries.postgres import connected
from queries.session_filters import session_conditions
from queries.sql_bounds import within
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

Unit = Literal["hour", "day", "week", "month"]
UTC = "UTC"

_CHOSEN = SQL(
    "chosen AS MATERIALIZED (SELECT session_id, agent_id, channel, created_at, last_activity_at FROM sessions"
    " WHERE {conditions})"
)


@dataclass(frozen=True, slots=True)
class Span:
    """What is looked at.

    Attributes:
        filters: Which sessions; since and until bound what of theirs is counted as well.
        zone: Whose days and hours are meant, such as Europe/Berlin.
        unit: How long a period is; a week begins on Monday.
    """

    filters: Filters
    zone: str = UTC
    unit: Unit = "day"

    def chosen(self) -> Composable:
        """A part of a WITH clause: the sessions that the filters choose, by the name of `chosen`."""
        conditions, _ = session_conditions(self.filters)
        return _CHOSEN.format(conditions=SQL(" AND ").join(conditions) if conditions else SQL("true"))

    def within(self, column: SQL) -> Composable:
        """A condition: a time is in the span."""
        return within(self.filters, column)

    def of_chosen(self) -> Composable:
        """A condition: something is of a chosen session. What lies in the span is, where nothing else is asked for."""
        return SQL("session_id IN (SELECT session_id FROM chosen)" if self._is_narrowed else "true")

    @property
    def _is_narrowed(self) -> bool:
        return replace(self.filters, since=None, until=None) != Filters()

    def parameters(self) -> dict[str, Any]:
        """Of the above, and `zone` and `unit`."""
        _, parameters = session_conditions(self.filters)
        return parameters | {"zone": self.zone, "unit": self.unit}


@contextmanager
def reading(settings: Settings) -> Iterator[Connection[Row]]:
    """A connection on which a time zone that nobody knows is told as such.

    Raises:
        UsageError: There is no such time zone.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        # Sums over a year of hours fit, and are not sorted on disk.
        connection.execute("SET LOCAL work_mem = '64MB'")
        try:
            yield connection
        except InvalidParameterValue as error:
            raise UsageError(
                "there is no such time zone", hint="Name one as the IANA does, such as Europe/Berlin or UTC."
            ) from error
