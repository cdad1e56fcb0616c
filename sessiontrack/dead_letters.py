"""Dead letters: what is kept of a record that a consumer group could not process."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import CodecError
from schemas.records import DeadLetter, Header
from sessiontrack.errors import SessionTrackError

_CE_ID = "ce_id"


def dead_letter(
    *,
    group: str,
    stage: str,
    error: Exception,
    failed_at: int,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
) -> DeadLetter:
    """The dead letter of a received record.

    Args:
        group: Consumer group that refuses it.
        stage: `decode`, `project`, `write`, or the name of a stream stage.
        error: Why.
        failed_at: Epoch milliseconds.
        topic: Where it stood.
        partition: Its partition there.
        offset: Its offset there.
        key: Its key.
        value: Its bytes, exactly as received.
        headers: Its headers, in order.
    """
    return DeadLetter(
        group=group,
        record_id=_record_id(topic, partition, offset, headers),
        topic=topic,
        partition=partition,
        offset=offset,
        stage=stage,
        error_class=type(error).__name__,
        reason=_reason(error),
        failed_at=failed_at,
        key=key,
        value=value,
        headers=[Header(name=name, value=content) for name, content in headers],
    )


def dead_letter_key(letter: DeadLetter) -> bytes:
    """Key of the topic: a group's later refusal of the same record replaces the earlier one."""
    return f"{letter['group']}/{letter['record_id']}".encode()


def dead_letter_headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """CloudEvents attributes, binary content mode.

    Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
    """
    return [
        ("ce_specversion", b"1.0"),
        (_CE_ID, dead_letter_key(letter)),
        ("ce_source", letter["group"].encode()),
        ("ce_type", b"sessiontrack.dead-letter"),
        ("ce_subject", letter["record_id"].encode()),
        ("content-type", b"application/avro"),
    ]


def _record_id(topic: str, partition: int, offset: int, headers: Sequence[tuple[str, bytes | None]]) -> str:
    stated = dict(headers).get(_CE_ID)
    return stated.decode("utf-8", "replace") if stated else f"{topic}/{partition}/{offset}"


def _reason(error: Exception) -> str:
    # Only our own errors are known to quote nothing of the record.
    if isinstance(error, (SessionTrackError, CodecError)):
        return str(error)
    return "unexpected error; see error_class"
