"""What each table holds: the one description that the sink, the migrations' test and `verify` share. Pure.

Columns follow the Avro fields in name, order and meaning; an event's payload is the exception: its line is in the
archive and its message in `messages`, so that only the small typed body of the other kinds is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from schemas.avro import load_schema
from schemas.records import Session, SessionEvent
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS, Topic

Row = tuple[Any, ...]
"""Values in the order of a table's columns: times as epoch milliseconds, ids as text, jsonb as Python values."""

# Of a name-based id sixteen bytes are stored instead of thirty-six; a session_id may be any text.
_BY_NAME = dict.fromkeys(("event_id", "message_id", "tool_call_id", "chunk_id"), "uuid") | {"vector": "halfvec"}
_SQL_TYPES = {"string": "text", "bytes": "bytea", "long": "int8", "int": "int4", "boolean": "bool", "enum": "text"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Its name, that of the Avro field.
        type: Its PostgreSQL type. Text is collated "C": ordered by code point, as Python orders it.
        nullable: Whether it may be null.
        comment: The field's doc.
    """

    name: str
    type: str
    nullable: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One table.

    Attributes:
        name: Its name.
        topic: The one topic of whose records its rows are made.
        comment: What a row is.
        key: What makes a row unique.
        partitioned_by: The time by whose month rows are placed; part of the primary key, as PostgreSQL wants it.
        columns: The columns, in order.
    """

    name: str
    topic: Topic
    comment: str
    key: tuple[str, ...]
    partitioned_by: str | None
    columns: tuple[Column, ...]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """What makes a row unique, and its time where that places it."""
        return (*self.key, self.partitioned_by) if self.partitioned_by else self.key


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """One table of records. The first column of its key is the id of the record that a row comes from.

    Attributes:
        rows: The rows of a record.
    """

    rows: Callable[[Any], Sequence[Row]]

    @property
    def record_id(self) -> Column:
        """The column that holds the record's id."""
        return next(column for column in self.columns if column.name == self.key[0])

    @property
    def versioned(self) -> bool:
        """Whether a later record may replace a row; an event is never replaced, the first one wins."""
        return any(column.name == "version" for column in self.columns)


def version(record: Any) -> int:
    """The version of a record: the higher one wins, of equal ones the first. All captures of an event are equal."""
    number: int = record.get("version", 0)
    return number


def event_body(event: SessionEvent) -> dict[str, Any] | None:
    """The typed body of an event that is no message; digests in hexadecimal."""
    kind, payload = event["kind"], event["payload"]
    if payload is None or kind == "MESSAGE":
        return None
    body: dict[str, Any] | None = payload.get(kind.lower())  # type: ignore[assignment]  # fields are named like kinds
    if body is None:
        return None
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in body.items()}


def _columns(fields: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    return tuple(_column(field) for field in fields)


def _column(field: dict[str, Any]) -> Column:
    schema = field["type"]
    nullable = isinstance(schema, list)
    if nullable:
        schema = next(branch for branch in schema if branch != "null")
    return Column(field["name"], _sql_type(field["name"], schema), nullable, field.get("doc", ""))


def _sql_type(name: str, schema: Any) -> str:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if isinstance(schema, str):
        return _SQL_TYPES[schema]
    if schema.get("logicalType") == "timestamp-millis":
        return "timestamptz"
    return _SQL_TYPES.get(schema["type"], "jsonb")


def record_table(name: str, topic: Topic, key: str, partitioned_by: str | None = None) -> Table:
    """A table of which each record of a topic is one row.

    Args:
        name: Its name.
        topic: The topic.
        key: The field that names a record.
        partitioned_by: The time by whose month rows are placed.
    """
    schema = load_schema(topic.schema)
    values = itemgetter(*(field["name"] for field in schema["fields"]))
    return Table(
        name, topic, schema["doc"], (key,), partitioned_by, _columns(schema["fields"]), lambda record: [values(record)]
    )


def _events() -> Table:
    schema = load_schema(EVENTS.schema)
    fields = [field for field in schema["fields"] if field["name"] not in ("payload", "sealed")]
    body = Column("body", "jsonb", nullable=True, comment="What the event says, where it is no message.")
    values = itemgetter(*(field["name"] for field in fields))
    return Table(
        name="events",
        topic=EVENTS,
        comment=schema["doc"],
        key=("event_id",),
        partitioned_by="occurred_at",
        columns=(*_columns(fields), body),
        rows=lambda event: [(*values(event), event_body(event))],
    )


def _model_usage() -> Table:
    session = {field["name"]: field for field in load_schema(SESSIONS.schema)["fields"]}
    usage = session["models_used"]["type"]["items"]["fields"]
    values = itemgetter(*(field["name"] for field in usage))

    def rows(record: Session) -> list[Row]:
        return [(record["session_id"], record["version"], *values(model)) for model in record["models_used"]]

    return Table(
        name="model_usage",
        topic=SESSIONS,
        comment="What one session used of one model: models_used of its row in sessions, for sums and filters.",
        key=("session_id", "provider", "model"),
        partitioned_by=None,
        columns=_columns([session["session_id"], session["version"], *usage]),
        rows=rows,
    )


TABLES = (
    _events(),
    record_table("sessions", SESSIONS, "session_id"),
    _model_usage(),
    record_table("messages", MESSAGES, "message_id", partitioned_by="timestamp"),
    record_table("tool_calls", TOOL_CALLS, "tool_call_id"),
)
"""Every table of records. Of those that one topic owns the first holds one row for each record, and so its version."""
BY_NAME = {table.name: table for table in TABLES}


def tables_of(topic: str) -> tuple[Table, ...]:
    """The tables that a topic owns, the one with the versions first.

    Args:
        topic: Name of the topic.
    """
    return tuple(table for table in TABLES if table.topic.name == topic)
