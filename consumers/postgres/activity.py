"""The table `message_activity`: what was said in each quarter of an hour, summed up as the messages are written.

Figures over all time are read from here, at a cost that does not grow with the length of what was said. A quarter that
a batch touches is summed up anew from its messages, in the same transaction: so the sums are right whatever came twice,
late, in another version, or was removed.
"""

from __future__ import annotations

from collections.abc import Collection

from psycopg import AsyncCursor
from psycopg.sql import SQL, Composable, Composed

from consumers.postgres.rows import Column, Relation, Row
from schemas.topics import MESSAGES

QUARTER_MS = 15 * 60 * 1000
"""How long a quarter is: the difference of every time zone of today from UTC is made of whole ones."""

ACTIVITY = Relation(
    name="message_activity",
    topic=MESSAGES,
    comment="What was said in one quarter of an hour of one session, by whom: sums over its messages, inherited ones "
    "left out, that figures over many sessions are made of.",
    key=("quarter", "session_id", "provider", "model"),
    partitioned_by=None,
    columns=(
        Column("quarter", "timestamptz", nullable=False, comment="When the quarter of an hour begins."),
        Column("session_id", "text", nullable=False, comment="The session it belongs to."),
        Column(
            "provider",
            "text",
            nullable=False,
            comment="Provider of the model that replied, its first 200 characters, unknown where it is not stated; "
            "empty in the row of all that is no reply of a model.",
        ),
        Column("model", "text", nullable=False, comment="Model that replied, likewise."),
        Column(
            "messages",
            "int8",
            nullable=False,
            comment="Messages as a session counts them: no compactions, no branch summaries, none of extensions.",
        ),
        Column("calls", "int8", nullable=False, comment="Model replies; gateway and mirror rows are not calls."),
        Column("call_errors", "int8", nullable=False, comment="Model replies that ended in an error."),
        Column(
            "errors", "int8", nullable=False, comment="Model replies that ended in an error, and failed tool results."
        ),
        Column("total_tokens", "int8", nullable=False, comment="Tokens, as the messages have them."),
        Column("cost_nanousd", "int8", nullable=False, comment="Billionths of a US dollar."),
    ),
)

# From the zero of PostgreSQL's own clock no time is too far.
_QUARTER = SQL("date_bin('15 minutes', timestamp, timestamptz '2000-01-01 00:00:00+00')")
# Two names of four bytes a character and a long session_id have room in an entry of an index, 2,704 bytes.
_NAMED = SQL("CASE WHEN model_call THEN left(coalesce(nullif({name}, ''), 'unknown'), 200) ELSE '' END")
# What is absurd comes to the most that has room, as in the sums of a session.
_BOUNDED = SQL("least(greatest(sum({name}), -9223372036854775808), 9223372036854775807)::int8")
_SUMMED_UP = SQL(
    "SELECT {quarter} AS quarter, session_id, {provider} AS provider, {model} AS model,"
    " count(*) FILTER (WHERE role NOT IN ('custom_message', 'compaction', 'branch_summary')) AS messages,"
    " count(*) FILTER (WHERE model_call) AS calls, count(*) FILTER (WHERE model_call AND is_error) AS call_errors,"
    " count(*) FILTER (WHERE is_error) AS errors,"
    " {total_tokens} AS total_tokens, {cost_nanousd} AS cost_nanousd"
    " FROM messages WHERE NOT inherited AND {condition} GROUP BY 1, 2, 3, 4"
)

_STAGED = SQL(
    'CREATE TEMPORARY TABLE touched_quarters (session_id text COLLATE "C", quarter timestamptz) ON COMMIT DELETE ROWS'
)
_NOTED = SQL(
    "WITH changed AS ({statement} RETURNING stored.session_id, stored.timestamp)"
    " INSERT INTO touched_quarters SELECT DISTINCT session_id, {quarter} FROM changed"
)
_TOUCHED_SESSIONS = SQL(
    "INSERT INTO touched_quarters SELECT session_id, {quarter} FROM messages WHERE session_id = ANY(%(session_ids)s)"
    " UNION SELECT session_id, quarter FROM message_activity WHERE session_id = ANY(%(session_ids)s)"
)
# A repair may write messages of the quarter that a worker writes to, and neither sees those of the other: who comes
# second waits here, and sees them then. All lock in one order. The locks of a transaction are few, whatever it holds:
# PostgreSQL's table of locks has room for some thousands.
_LOCK = SQL(
    "SELECT count(pg_advisory_xact_lock(hashtext('sessiontrack.message_activity'), place)) FROM"
    " (SELECT DISTINCT hashtext(session_id) & 1023 AS place FROM touched_quarters ORDER BY place) AS touched"
)
_FORGET = SQL(
    "DELETE FROM message_activity WHERE (quarter, session_id) IN (SELECT quarter, session_id FROM touched_quarters)"
)
_OF_TOUCHED = SQL(
    "session_id = touched.session_id"
    " AND timestamp >= touched.quarter AND timestamp < touched.quarter + interval '15 minutes'"
)
# One after the other, by the index of the session and its times.
_SUM_UP = SQL(
    "INSERT INTO message_activity SELECT summed.*"
    " FROM (SELECT DISTINCT session_id, quarter FROM touched_quarters) AS touched, LATERAL ({summed}) AS summed"
)


def summed_up(condition: Composable) -> Composed:
    """A query that gives the rows of the table, made of the messages that fulfil a condition."""
    names = {name: _NAMED.format(name=SQL(name)) for name in ("provider", "model")}
    sums = {name: _BOUNDED.format(name=SQL(name)) for name in ("total_tokens", "cost_nanousd")}
    return _SUMMED_UP.format(quarter=_QUARTER, condition=condition, **names, **sums)


async def stage_touched(cursor: AsyncCursor[Row]) -> None:
    """Makes the temporary table of the quarters that a transaction touches, once for each connection."""
    await cursor.execute(_STAGED)


def noting_touched(statement: Composable) -> Composed:
    """A statement that changes messages, called `stored` in it, and notes what quarters it touches."""
    return _NOTED.format(statement=statement, quarter=_QUARTER)


async def touch_sessions(cursor: AsyncCursor[Row], session_ids: Collection[str]) -> None:
    """Notes all quarters of some sessions."""
    await cursor.execute(_TOUCHED_SESSIONS.format(quarter=_QUARTER), {"session_ids": list(session_ids)})


async def sum_up_touched(cursor: AsyncCursor[Row]) -> None:
    """Brings the table up to the messages; the last step of a transaction, which from here on waits for nobody."""
    await cursor.execute(_LOCK)
    await cursor.execute(_FORGET)
    await cursor.execute(_SUM_UP.format(summed=summed_up(_OF_TOUCHED)))
