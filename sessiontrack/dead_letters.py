"""Dead letters: what is kept of a record that a consumer group could not process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from schemas.codec import CodecError
from schemas.records import DeadLetter, Header
from sessiontrack.errors import SessionTrackError

_CE_ID = "ce_id"
_REPLACES_UNTIL = "st_replaces_until"


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
        reason=reason_of(error),
        failed_at=failed_at,
        key=key,
        value=value,
        headers=[Header(name=name, value=content) for name, content in headers],
        first_failed_at=failed_at,
        tries=1,
        discarded_at=None,
    )


def refused_again(
    letter: DeadLetter,
    *,
    stage: str,
    error_class: str,
    reason: str,
    failed_at: int,
    first_failed_at: int,
    tries: int,
) -> DeadLetter:
    """The letter of a record that its group was given again, and refused again.

    Args:
        letter: As it stood.
        stage: Where it is refused now.
        error_class: Class of the error now.
        reason: What is wrong now, without the record's contents.
        failed_at: When, epoch milliseconds.
        first_failed_at: When it was first refused, epoch milliseconds.
        tries: How often it was refused by now.
    """
    refused: DeadLetter = {
        **letter,
        "stage": stage,
        "error_class": error_class,
        "reason": reason,
        "failed_at": failed_at,
        "first_failed_at": first_failed_at,
        "tries": tries,
    }
    return refused


def dead_letter_key(letter: DeadLetter) -> bytes:
    """Key of the topic: a group's later refusal of the same record replaces the earlier one."""
    return letter_key(letter["group"], letter["record_id"]).encode()


def letter_key(group: str, record_id: str) -> str:
    """The key of a group's letter of a record, as text."""
    return f"{group}/{record_id}"


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


def settlement_headers(until: Mapping[int, int]) -> list[tuple[str, bytes]]:
    """What is said by a record that replaces letters, a tombstone too: which of them it replaces.

    Args:
        until: The offsets up to which letters were read, by partition.
    """
    return [(_REPLACES_UNTIL, json.dumps(until).encode())]


def replaces_until(headers: Sequence[tuple[str, bytes | None]], partition: int) -> int | None:
    """Letters from this offset on are not replaced by the record that has these headers; None: it replaces all."""
    stated = dict(headers).get(_REPLACES_UNTIL)
    until: dict[str, int] = {} if stated is None else json.loads(stated)
    return until.get(str(partition))


def reason_of(error: Exception) -> str:
    """What a letter says of an error: only our own are known to quote nothing of the record."""
    if isinstance(error, (SessionTrackError, CodecError)):
        return str(error)
    return "unexpected error; see error_class"


def _record_id(topic: str, partition: int, offset: int, headers: Sequence[tuple[str, bytes | None]]) -> str:
    stated = dict(headers).get(_CE_ID)
    return stated.decode("utf-8", "replace") if stated else f"{topic}/{partition}/{offset}"
