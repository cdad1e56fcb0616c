"""rebuild embeddings: searches look into the vectors of another model, once all of them are there.

Nothing is filled here: the worker `embed` reads the messages from the first one under a new model, and the sinks keep
each space by itself. This waits for them, compares, and lets the new space serve in the place of the old one. Where
vectors were lost the worker is set back to the first message, under the same model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psycopg
from aiokafka.errors import KafkaError
from psycopg.sql import SQL, Composed

from consumers.postgres_vectors import tables
from infra.opensearch import vectors
from infra.workers import load_records, start_workers, stop_workers
from operations.rebuild.beginning import forget, set_back
from queries.lag import READS, LogPositions, group_of
from queries.opensearch import connected
from queries.vectors.space import embedded_messages
from queries.verify.cut import wait_for_worker
from schemas.topics import EMBEDDED, MESSAGES
from sessiontrack.errors import SessionTrackError, UnavailableError, UsageError
from sessiontrack.providers.spaces import embedding_space
from sessiontrack.settings import Settings
from streams.embed.stages import WORKER
from streams.embed.stages import group_of as folder_in

# Beside a provider's quota a minute is nothing; a quota of a day is better waited for by a person.
_STALL_S = 120.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What a rebuild of the embeddings came to.

    Attributes:
        space: The space that serves.
        previous: The one that served before; None where none or this one did.
        messages: How many messages have vectors in the space, by store.
    """

    space: str
    previous: str | None
    messages: Mapping[str, int]


def rebuild_embeddings(
    settings: Settings,
    *,
    again: bool = False,
    keep_old: bool = False,
    accept_gaps: bool = False,
    progress: Callable[[str, int], None] = lambda worker, lag: None,
) -> Moved:
    """Lets the space of the settings serve searches, when it holds what the one that serves now holds.

    Args:
        settings: Section `embedding` names the new model; its worker runs, or has run.
        again: Embed all messages again, for a store that lost their vectors; texts whose vector is in the cache are not
            sent to the provider.
        keep_old: Leave the vectors of the old space.
        accept_gaps: Go on also where the new space has fewer messages.
        progress: Told of the worker that is waited for, and of its lag.

    Raises:
        UsageError: Nothing embeds, by these settings; or the worker is to begin again, and can't be stopped from here.
        UnavailableError: A server does not answer, or a worker makes no progress.
        SessionTrackError: The new space has fewer messages; the old one serves on.
    """
    if not settings.embedding.enabled:
        raise UsageError("embedding.enabled is false, so nothing embeds", hint="Leave it out, and `sessiontrack up`.")
    space = embedding_space(settings.embedding)
    try:
        if again:
            asyncio.run(_begin_again(settings, space))
        asyncio.run(_wait(settings, progress))
    except KafkaError as error:
        raise UnavailableError(
            f"the log does not serve: {type(error).__name__}", hint="`sessiontrack status` shows why."
        ) from error
    previous = _serving(settings)
    messages = embedded_messages(settings, space)
    if previous and previous != space:
        before = embedded_messages(settings, previous)
        fewer = [store for store, count in messages.items() if count < before[store]]
        if fewer and not accept_gaps:
            raise SessionTrackError(
                f"in {fewer[0]} {messages[fewer[0]]:,} messages are embedded in {space}, and {before[fewer[0]]:,} in"
                f" {previous}, which serves on",
                hint="`sessiontrack rebuild streams` publishes again what the topic of messages no longer has;"
                " --accept-gaps goes on without.",
            )
    _serve(settings, space)
    if previous and previous != space and not keep_old:
        _drop(settings, previous)
    return Moved(space, previous if previous != space else None, messages)


async def _begin_again(settings: Settings, space: str) -> None:
    """The stages, one per line. Wherever it is cut, all of it can be done again."""
    group = group_of(WORKER, settings)
    # A run that was killed has stopped the worker: it is still to be started.
    is_ours = WORKER in load_records(settings.data_dir)
    await asyncio.to_thread(stop_workers, settings, [WORKER])
    await set_back(settings, group, MESSAGES)
    await forget(settings, group, settings.data_dir / folder_in(space))
    if is_ours:
        await asyncio.to_thread(start_workers, settings, [WORKER])


async def _wait(settings: Settings, progress: Callable[[str, int], None]) -> None:
    """Waits until all messages are embedded, and then until both stores have what that came to."""
    async with LogPositions(settings) as positions:
        await wait_for_worker(WORKER, positions, await positions.ends([MESSAGES]), _STALL_S, progress)
        ends = await positions.ends(EMBEDDED)
        for worker in (name for name, topics in READS.items() if topics == EMBEDDED):
            if worker != "pinecone" or settings.pinecone.host:
                await wait_for_worker(worker, positions, ends, _STALL_S, progress)


def _serving(settings: Settings) -> str | None:
    with connected(settings) as client:
        return vectors.serving_space(client, settings.opensearch)


def _serve(settings: Settings, space: str) -> None:
    with connected(settings) as client:
        vectors.make_space(client, settings.opensearch, space)
        vectors.serve_space(client, settings.opensearch, space)
    _execute(settings, [tables.LOCK, *tables.making(space), *tables.serving(space)])


def _drop(settings: Settings, space: str) -> None:
    with connected(settings) as client:
        vectors.drop_space(client, settings.opensearch, space)
    _execute(settings, tables.dropping(space))
    if settings.pinecone.host:
        _drop_from_pinecone(settings, space)


def _drop_from_pinecone(settings: Settings, space: str) -> None:
    from consumers.pinecone.index import PineconeIndex
    from consumers.pinecone.vectors import namespace_in

    index = PineconeIndex(settings.pinecone, settings.pinecone.timeout_s)
    try:
        for topic in EMBEDDED:
            index.drop(namespace_in(space, topic.name))
    finally:
        index.close()


def _execute(settings: Settings, statements: Iterable[SQL | Composed]) -> None:
    """In one transaction."""
    try:
        with psycopg.connect(settings.postgres.dsn) as connection:
            for statement in statements:
                connection.execute(statement)
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"PostgreSQL at {settings.postgres.host}:{settings.postgres.port} does not answer: {type(error).__name__}",
            hint="Start the stack with `sessiontrack up`.",
        ) from error
