"""discard: letters are given up. What remains of one is the fact that it was, so that `verify` can account for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from operations.dead_letters.producer import producing
from operations.dead_letters.settlement import Settlement
from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import DeadLetterReader, Standing, reading
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from sessiontrack.settings import Settings


def discard(settings: Settings, standing: Standing, letters: Sequence[Letter]) -> None:
    """Gives letters up: key, value and headers of their records go.

    A record that its group refuses once more stands again.

    Args:
        settings: Where Kafka and the registry are.
        standing: The letters as they were read.
        letters: Of these, those to give up.

    Raises:
        UnavailableError: Kafka or the schema registry does not answer.
    """
    with reading(settings) as reader:
        asyncio.run(_discard(settings, reader, standing, letters))


async def _discard(settings: Settings, reader: DeadLetterReader, standing: Standing, letters: Sequence[Letter]) -> None:
    now = time.time_ns() // 1_000_000
    registry = SchemaRegistry(settings.registry.url)
    try:
        async with producing(settings.kafka) as producer:
            settlement = Settlement(producer, reader, registry, standing.ends)
            await settlement.replace({letter.key: discarded(letter, now) for letter in letters})
    finally:
        registry.close()


def discarded(letter: Letter, now: int) -> DeadLetter:
    """What remains of a letter that is given up.

    Args:
        letter: As it stood.
        now: Epoch milliseconds.
    """
    return DeadLetter(
        group=letter.group,
        record_id=letter.record_id,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        stage=letter.stage,
        error_class=letter.error_class,
        reason=letter.reason,
        failed_at=letter.failed_at,
        key=None,
        value=None,
        headers=[],
        first_failed_at=letter.first_failed_at,
        tries=letter.tries,
        discarded_at=now,
    )
