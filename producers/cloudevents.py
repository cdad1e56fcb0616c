"""The headers of what is published.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.records import SessionEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def headers_of(event: SessionEvent) -> list[tuple[str, bytes]]:
    """Kafka headers of an event: CloudEvents 1.0, binary mode."""
    time = (_EPOCH + timedelta(milliseconds=event["occurred_at"])).isoformat(timespec="milliseconds")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event["event_id"].encode()),
        ("ce_source", f"sessiontrack/{event['family']}".encode()),
        ("ce_type", f"sessiontrack.{event['kind'].lower()}".encode()),
        ("ce_time", time.encode()),
        ("ce_subject", event["session_id"].encode()),
        ("content-type", b"application/avro"),
    ]
