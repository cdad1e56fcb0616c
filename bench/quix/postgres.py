"""Events into our own table, with the PostgreSQL sink of Quix Streams."""

from __future__ import annotations

import json
from typing import Any

from application import CONFIGURATION, application, milliseconds, run
from quixstreams.sinks.community.postgresql import PostgreSQLSink

NOT_STORED = ("payload", "sealed")


def row(event: dict[str, Any]) -> dict[str, Any]:
    """The columns of `events`."""
    columns = {name: value for name, value in event.items() if name not in NOT_STORED}
    return {**columns, "body": body(event)}


def body(event: dict[str, Any]) -> dict[str, Any] | None:
    """The typed body of an event that is no message."""
    kind, payload = event["kind"], event["payload"]
    found = None if payload is None or kind == "MESSAGE" else payload.get(kind.lower())
    if found is None:
        return None
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in found.items()}
    return json.loads(json.dumps(plain, default=milliseconds))


if __name__ == "__main__":
    app, topic = application()
    sink = PostgreSQLSink(
        **CONFIGURATION["postgres"],
        table_name="events",
        schema_auto_update=False,
        include_metadata=False,
        on_conflict_do_nothing=True,
    )
    app.dataframe(topic).apply(row).sink(sink)
    run(app)
