"""How long sessions are, and how long they pause: histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composable

from queries.postgres import fetch_dicts
from queries.spans import Span, reading
from sessiontrack.settings import Settings

_EXAMPLES = 3
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
# Each about two or three times the one before: both a question of a moment and the work of a week have their bar.
MESSAGE_EDGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)
DURATION_EDGES_MS = (
    *(0, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR),
    *(4 * _HOUR, 12 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY),
)
PAUSE_EDGES_MS = (
    *(0, _SECOND, 5 * _SECOND, 15 * _SECOND, _MINUTE),
    *(5 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY),
)

_LENGTHS = SQL(
    "SELECT width_bucket(value, %(edges)s::int8[]) AS bucket, count(*) AS count,"
    " (array_agg(session_id ORDER BY value DESC, session_id))[1:{examples}] AS examples"
    " FROM (SELECT session_id, {value} AS value FROM sessions WHERE session_id IN (SELECT session_id FROM chosen))"
    " AS measured GROUP BY bucket ORDER BY bucket"
)
_DURATION = SQL("floor(extract(epoch FROM last_activity_at - created_at) * 1000)::int8")
# The pause before what a person says is the person's; before a reply it is the model's; before a result, the tool's.
_PAUSES = SQL(
    "SELECT who, bucket, sum(count)::int8 AS count,"
    " (array_agg(session_id ORDER BY longest DESC, session_id))[1:{examples}] AS examples FROM ("
    "SELECT session_id, who, width_bucket(pause, %(edges)s::int8[]) AS bucket, count(*) AS count, max(pause) AS longest"
    " FROM (SELECT session_id,"
    " CASE role WHEN 'user' THEN 'person' WHEN 'assistant' THEN 'model' ELSE 'tool' END AS who,"
    " floor(extract(epoch FROM timestamp - lag(timestamp) OVER (PARTITION BY session_id ORDER BY timestamp))"
    " * 1000)::int8 AS pause FROM messages"
    " WHERE NOT inherited AND role IN ('user', 'assistant', 'toolResult', 'bashExecution')"
    " AND {within} AND {of_chosen}) AS measured"
    " WHERE pause IS NOT NULL GROUP BY session_id, who, bucket) AS of_session GROUP BY who, bucket ORDER BY who, bucket"
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram.

    Attributes:
        at_least: What it begins with.
        below: What it ends before; None: it has no end.
        count: How many there are.
        examples: Sessions that have the largest of them.
    """

    at_least: int
    below: int | None
    count: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class SessionShapes:
    """How long sessions are, and how long they pause. Times are in milliseconds.

    Attributes:
        messages: Sessions by how many messages they have.
        durations: Sessions by the time from their begin to their last activity.
        pauses: Pauses between one message and the next, by whose they are: of the person, the model, the tool.
    """

    messages: list[Bar]
    durations: list[Bar]
    pauses: Mapping[str, list[Bar]]


def session_shapes(settings: Settings, span: Span) -> SessionShapes:
    """The lengths of the sessions of a span, and their pauses in it.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    examples = SQL(str(_EXAMPLES))

    def ask(query: Composable, edges: Sequence[int]) -> list[dict[str, Any]]:
        statement = SQL("WITH {} {}").format(span.chosen(), query)
        return fetch_dicts(connection, statement, span.parameters() | {"edges": list(edges)})

    with reading(settings) as connection:
        messages = ask(_LENGTHS.format(value=SQL("message_count"), examples=examples), MESSAGE_EDGES)
        durations = ask(_LENGTHS.format(value=_DURATION, examples=examples), DURATION_EDGES_MS)
        pauses = ask(
            _PAUSES.format(within=span.within(SQL("timestamp")), of_chosen=span.of_chosen(), examples=examples),
            PAUSE_EDGES_MS,
        )
    return SessionShapes(
        bars(messages, MESSAGE_EDGES),
        bars(durations, DURATION_EDGES_MS),
        {
            who: bars([row for row in pauses if row["who"] == who], PAUSE_EDGES_MS)
            for who in ("person", "model", "tool")
        },
    )


def bars(rows: Sequence[Mapping[str, Any]], edges: Sequence[int]) -> list[Bar]:
    """All bars of a histogram, the empty ones too.

    Args:
        rows: Of each bar that is not empty `bucket` (as width_bucket counts: 1 begins with the first edge), `count` and
            `examples`; what is below the first edge is left out.
        edges: Where the bars begin.
    """
    found = {row["bucket"]: row for row in rows}
    return [
        Bar(edge, below, found[place]["count"], found[place]["examples"]) if place in found else Bar(edge, below, 0, ())
        for place, (edge, below) in enumerate(zip(edges, (*edges[1:], None), strict=True), start=1)
    ]
