"""The sums that PostgreSQL keeps of messages: they follow from its own rows, which in turn are held to the log."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.sql import SQL

from consumers.postgres.activity import ACTIVITY, summed_up
from queries.verify.comparison import Check, Dataset, Difference, DifferenceKind

SUMS = Dataset("postgres", ACTIVITY.name)

# What is equal comes to one row, whatever there is.
_COMPARED = SQL(
    "SELECT wanted, found, equal, record_id, session_id, count(*) FROM (SELECT"
    " counted.session_id IS NOT NULL AS wanted, kept.session_id IS NOT NULL AS found, counted = kept AS equal,"
    " CASE WHEN counted = kept THEN '' ELSE session_id END AS session_id, CASE WHEN counted = kept THEN '' ELSE"
    " concat_ws('/', floor(extract(epoch FROM quarter) * 1000)::int8, session_id, provider, model) END AS record_id"
    " FROM ({counted}) AS counted FULL JOIN (SELECT * FROM message_activity WHERE {chosen}) AS kept"
    " USING (quarter, session_id, provider, model)) AS compared GROUP BY 1, 2, 3, 4, 5"
)


def check_sums(connection: Connection[Any], session_id: str | None = None) -> Check:
    """Compares the sums with what the stored messages come to; PostgreSQL does so, and names what differs.

    Args:
        connection: From `queries.postgres.connected`.
        session_id: Only this session.
    """
    chosen = SQL("true") if session_id is None else SQL("session_id = %(session_id)s")
    query = _COMPARED.format(counted=summed_up(chosen), chosen=chosen)
    expected = stored = 0
    differences = []
    for wanted, found, equal, record_id, of_session, rows in connection.execute(query, {"session_id": session_id}):
        expected += rows * wanted
        if equal:
            stored += rows
        else:
            kind: DifferenceKind = "altered" if wanted and found else "missing" if wanted else "surplus"
            differences.append(Difference(*SUMS, kind, record_id, of_session, "it is not what the messages come to"))
    return Check(
        *SUMS,
        expected=expected,
        stored=stored,
        dead_lettered=0,
        discarded=0,
        read=0,
        differences=tuple(sorted(differences, key=lambda each: (each.kind, each.record_id))),
    )
