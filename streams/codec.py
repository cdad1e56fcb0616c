"""Decodes what a worker reads, and encodes what its stages make of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from schemas.avro import load_schema
from schemas.codec import CodecError, Decoder, Encoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS, DERIVED, EMBEDDED, EVENTS, Topic
from sessiontrack.errors import TerminalError, TransientError
from streams.batch import Output
from streams.publisher import Record

# A record's share of its batch beside key, value and headers, generously.
_OVERHEAD_BYTES = 1024

# What no stage looks at, of each event or each message.
_UNUSED = (
    "SessionEvent.entry_type",
    "SessionEvent.captured_at",
    "SessionEvent.chain",
    "SessionEvent.previous_chain",
    "SessionEvent.byte_offset",
    "Source.format",
    "Source.format_version",
    "Source.file_name",
    "Payload.raw",
    "Message.created_at",
    "Message.api",
    "Message.error_code",
)

_CONSTANT_HEADERS = {
    topic.name: [
        ("ce_specversion", b"1.0"),
        ("ce_source", b"sessiontrack/streams"),
        ("ce_type", f"sessiontrack.{topic.schema}".encode()),
        ("content-type", b"application/avro"),
    ]
    for topic in (*DERIVED, *EMBEDDED)
}


class Codec:
    """Decodes and encodes records.

    Args:
        registry: Where schemas have their ids; may be asked, and blocks then, when a schema is met for the first time.
        source: Topic whose records are decoded.
        targets: Topics whose records are encoded, beside the dead letters.
        without: Fields of the source that nobody looks at.

    Raises:
        TransientError: The registry does not answer.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        source: Topic = EVENTS,
        targets: Sequence[Topic] = DERIVED,
        without: Collection[str] = _UNUSED,
    ) -> None:
        self._decoder = Decoder(source.schema, registry.schema, without=without)
        self._encoders = {topic.name: _encoder(registry, topic) for topic in (*targets, DEAD_LETTERS)}

    def decode(self, value: bytes | None) -> Any:
        """The record in a value.

        Raises:
            CodecError: It can't be decoded.
            TransientError: The registry does not answer.
        """
        if value is None:
            raise CodecError("a value is expected; this record is a tombstone")
        try:
            return self._decoder.decode(value)
        except RegistryError as error:
            raise TransientError(str(error)) from error

    def encode(self, output: Output) -> Record:
        """A record as it is published; without one a tombstone.

        Raises:
            TerminalError: It does not fit its schema or its topic.
        """
        if output.record is None:
            return Record(output.key.encode(), None, headers_of(output))
        try:
            value = self._encoders[output.topic.name].encode(output.record)
        except Exception as error:
            raise TerminalError(f"the record does not fit its schema: {type(error).__name__}") from error
        if len(value) > int(output.topic.config["max.message.bytes"]) - _OVERHEAD_BYTES:
            raise TerminalError(f"the record is larger than {output.topic.name} takes: {len(value)} bytes")
        return Record(output.key.encode(), value, headers_of(output))

    def encode_letter(self, letter: Any) -> bytes:
        """The value of a dead letter."""
        return self._encoders[DEAD_LETTERS.name].encode(letter)


def _encoder(registry: SchemaRegistry, topic: Topic) -> Encoder:
    try:
        return Encoder(topic.schema, registry.register(topic.subject, load_schema(topic.schema)))
    except RegistryError as error:
        raise TransientError(str(error)) from error


def headers_of(output: Output) -> list[tuple[str, bytes]]:
    """Kafka headers of a record: CloudEvents 1.0, binary mode.

    Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
    """
    return [
        *_CONSTANT_HEADERS[output.topic.name],
        ("ce_id", output.key.encode()),
        ("ce_subject", output.session_id.encode()),
    ]
