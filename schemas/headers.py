"""The Kafka headers of each topic's records: CloudEvents 1.0 in binary mode, and W3C trace context.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md and
https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.avro import load_schema
from schemas.topics import DEAD_LETTERS, EVENTS, Topic


@dataclass(frozen=True, kw_only=True)
class Header:
    """One header; its value is UTF-8 text.

    Attributes:
        name: Its name.
        doc: What it says.
        schema: JSON Schema of the text.
        required: Whether every record of the topic has it.
    """

    name: str
    doc: str
    schema: dict[str, Any]
    required: bool = True


TRACEPARENT = "traceparent"
_SPEC_VERSION = Header(name="ce_specversion", doc="Version of CloudEvents.", schema={"const": "1.0"})
_CONTENT_TYPE = Header(
    name="content-type", doc="The value is Avro, in the Confluent wire format.", schema={"const": "application/avro"}
)
_TRACE_PARENT = Header(
    name=TRACEPARENT,
    doc="Trace in which the record was made, where its producer takes part in one. SessionTrack's own do for a share of"
    " the events where traces are turned on.",
    schema={"pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    required=False,
)


def headers_of_topic(topic: Topic) -> tuple[Header, ...]:
    """The headers of a topic's records."""
    return (_SPEC_VERSION, *_attributes(topic), _CONTENT_TYPE, _TRACE_PARENT)


def headers_schema(topic: Topic) -> dict[str, Any]:
    """JSON Schema of the headers of a topic's records, as an object of texts; others may be added at any time."""
    headers = headers_of_topic(topic)
    return {
        "type": "object",
        "required": [header.name for header in headers if header.required],
        "properties": {
            header.name: {"type": "string", "description": header.doc, **header.schema} for header in headers
        },
    }


def _attributes(topic: Topic) -> tuple[Header, ...]:
    if topic == EVENTS:
        return _event_attributes()
    if topic == DEAD_LETTERS:
        return (
            Header(name="ce_id", doc="The key.", schema={"minLength": 1}),
            Header(name="ce_source", doc="The consumer group that refused the record.", schema={"minLength": 1}),
            Header(name="ce_type", doc="What it is.", schema={"const": "sessiontrack.dead-letter"}),
            Header(name="ce_subject", doc="record_id: which record was refused.", schema={"minLength": 1}),
            Header(
                name="st_replaces_until",
                doc="JSON: offset by partition. What stands from there on under this key it does not replace.",
                schema={"contentMediaType": "application/json"},
                required=False,
            ),
        )
    return (
        Header(name="ce_id", doc="The key.", schema={"minLength": 1}),
        Header(name="ce_source", doc="The streams.", schema={"const": "sessiontrack/streams"}),
        Header(name="ce_type", doc="What it is.", schema={"const": f"sessiontrack.{topic.schema}"}),
        Header(name="ce_subject", doc="session_id.", schema={"type": "string"}),
    )


def _event_attributes() -> tuple[Header, ...]:
    kinds = next(field["type"]["symbols"] for field in load_schema(EVENTS.schema)["fields"] if field["name"] == "kind")
    return (
        Header(name="ce_id", doc="event_id.", schema={"format": "uuid"}),
        Header(name="ce_source", doc="sessiontrack/ and the family.", schema={"pattern": "^sessiontrack/"}),
        Header(
            name="ce_type",
            doc="sessiontrack. and the kind, in lower case; more kinds may come.",
            schema={"examples": [f"sessiontrack.{kind.lower()}" for kind in kinds]},
        ),
        Header(name="ce_time", doc="occurred_at, RFC 3339, UTC.", schema={"format": "date-time"}),
        Header(name="ce_subject", doc="session_id.", schema={"type": "string"}),
    )
