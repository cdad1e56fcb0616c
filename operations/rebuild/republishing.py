"""Puts back into the log what only the archive has: the same key, value, headers and time, in the order of each log.

What the log has is not sent again, so a run that was killed is simply gone on with. Where the broker took more than it
acknowledged, events are there twice, and readers drop the second one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from consumers.archive.blocks import ArchiveRecord
from operations.rebuild.cursor import Cursor, name_of
from operations.rebuild.event_source import EventSource
from operations.rebuild.progress import Meter
from operations.rebuild.state import RebuildState, RecordId
from queries.archive import Archive, Segment
from queries.log import read_partition
from schemas.avro import load_schema
from schemas.codec import CodecError, body_of, schema_id_of, with_schema_id
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

_EVENT_ID = "ce_id"


class Republisher:
    """Sends what the log lacks.

    Args:
        settings: Where everything is.
        archive: A connection.
        source: Says what the archive holds.
        state: Remembers which events the log has, and how far the archive is read.
        meter: Told of each segment.
    """

    def __init__(
        self, settings: Settings, archive: Archive, source: EventSource, state: RebuildState, meter: Meter
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._source = source
        self._state = state
        self._meter = meter
        self._registry = SchemaRegistry(settings.registry.url)

    async def run(self, ends: Mapping[int, int]) -> None:
        """Sends what is archived and not in the log.

        Args:
            ends: The end of each partition of the log, before anything is sent.

        Raises:
            KafkaError: Kafka does not answer.
            CorruptSegmentError: A part of the archive is not what was put there.
            UnavailableError: Another server does not answer.
        """
        async with AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka.bootstrap_servers,
            enable_idempotence=True,
            compression_type="zstd",
            max_request_size=int(EVENTS.config["max.message.bytes"]),
        ) as producer:
            for partition, end in ends.items():
                await self._note_present(partition, end)
                for segment in self._source.before_log(partition, self._state.cursor(partition)):
                    sent = await self._send_segment(producer, partition, segment)
                    self._meter.count(segment.key.last + 1 - segment.key.first, sent)

    def close(self) -> None:
        """Disconnects."""
        self._registry.close()

    async def _note_present(self, partition: int, end: int) -> None:
        """Notes what the log has, whoever sent it."""
        place = TopicPartition(EVENTS.name, partition)
        async for batch in read_partition(self._settings.kafka, place, 0, end):
            present = {_id_of(record.headers, record.value): True for record in batch}
            await asyncio.to_thread(self._state.commit, partition, self._state.cursor(partition), {}, present)

    async def _send_segment(self, producer: AIOKafkaProducer, partition: int, segment: Segment) -> int:
        lacking = await asyncio.to_thread(self._lacking, segment)
        sent = [
            await producer.send(
                EVENTS.name,
                key=record["key"],
                value=record["value"],
                # That of its key, where it has one: the number of partitions never changes.
                partition=partition,
                timestamp_ms=record["timestamp"],
                headers=[(header["name"], header["value"]) for header in record["headers"]],
            )
            for record in lacking.values()
        ]
        await asyncio.gather(*sent)
        after = Cursor(name_of(segment.key.log), segment.key.last + 1)
        await asyncio.to_thread(self._state.commit, partition, after, {}, dict.fromkeys(lacking, True))
        return len(sent)

    def _lacking(self, segment: Segment) -> dict[RecordId, ArchiveRecord]:
        """The records that the log does not have, their values stating the schemas of the present registry."""
        ids = {schema_id: self._present_id(schema_id, schema) for schema_id, schema in self._schemas(segment)}
        lacking: dict[RecordId, ArchiveRecord] = {}
        for record in self._archive.records(segment):
            headers = [(header["name"], header["value"]) for header in record["headers"]]
            record_id = _id_of(headers, record["value"])
            # Of several captures of an event the first one counts.
            if record_id not in lacking and not self._state.knows(record_id):
                lacking[record_id] = {**record, "value": _restated(record["value"], ids)}
        return lacking

    def _schemas(self, segment: Segment) -> Sequence[tuple[int, Any]]:
        return sorted(self._archive.schemas(segment).items())

    def _present_id(self, schema_id: int, schema: Any) -> int:
        """The id that a schema has in the present registry, which may be another one than when the value was written.

        Raises:
            UnavailableError: The registry does not answer, or refuses the schema.
        """
        try:
            if self._registered(schema_id) == schema:
                return schema_id
            # Compared as it is, registered as it stands: text that differs in order only would be another version.
            own = load_schema(EVENTS.schema)
            return self._registry.register(EVENTS.subject, own if own == schema else schema)
        except RegistryError as error:
            raise UnavailableError(
                f"the registry does not take a schema of the archive: {error}", hint="See `sessiontrack status`."
            ) from error

    def _registered(self, schema_id: int) -> Any:
        try:
            return self._registry.schema(schema_id)
        except RegistryError as error:
            if error.status != 404:
                raise
            return None


def _id_of(headers: Sequence[tuple[str, bytes | None]], value: bytes | None) -> RecordId:
    """What tells a record from others: the event's id, or what the value says where no id is stated."""
    stated = next((content for name, content in headers if name == _EVENT_ID and content), None)
    return RecordId(EVENTS.name, stated.decode("utf-8", "replace") if stated else sha256(body_of(value)).hexdigest())


def _restated(value: bytes | None, ids: Mapping[int, int]) -> bytes | None:
    try:
        stated = None if value is None else schema_id_of(value)
    except CodecError:
        return value
    if value is None or stated is None or ids.get(stated, stated) == stated:
        return value
    return with_schema_id(value, ids[stated])
