"""The stages of the worker `embed`: passages of messages with their vectors, and the vector of each session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiokafka import ConsumerRecord

from schemas.codec import CodecError
from schemas.records import SearchableMessage
from schemas.registry import SchemaRegistry
from schemas.topics import EMBEDDED, MESSAGES
from schemas.vectors import space_slug
from sessiontrack.providers.embedder import Embedder
from sessiontrack.telemetry.embedding_metrics import ProviderMetrics
from sessiontrack.traces import gen_ai
from streams.batch import Changes, Output, State
from streams.codec import Codec
from streams.embed.fold import Fold
from streams.embed.patience import Made, PatientEmbedder
from streams.embed.plan import Erasure, Incoming, Plan, Planner
from streams.embed.rows import Rows
from streams.stages import Bounds

WORKER = "embed"
# What no passage and no context says anything of.
_UNUSED = ("SearchableMessage.thinking", "SearchableMessage.tool_arguments", "SearchableMessage.error_message")


class EmbedStages:
    """Plans what is to be embedded, embeds it, and folds it.

    Args:
        registry: Where schemas have their ids.
        embedder: Makes the vectors.
        provider: Its name, for those who are told that it is away.
        metrics: Told whether it is.
    """

    worker = WORKER
    source = MESSAGES
    # What a local model takes some ten seconds for: a kill costs no more, and messages of all sessions share the calls.
    bounds = Bounds(poll_records=256, batch_records=256, batch_bytes=1024 * 1024)

    def __init__(
        self, registry: SchemaRegistry, embedder: Embedder, provider: str, metrics: ProviderMetrics | None = None
    ) -> None:
        self.codec = Codec(registry, MESSAGES, EMBEDDED, _UNUSED)
        self.group = group_of(embedder.space)
        self.span_attributes = gen_ai.embedding(provider, embedder.space)
        self._embedder = embedder
        self._patient = PatientEmbedder(embedder, WORKER, provider, metrics or ProviderMetrics())
        self._planner = Planner(embedder.max_tokens, embedder.count_tokens)

    @property
    def waits_for(self) -> str:
        """The provider while it is away."""
        return self._patient.waits_for

    def decode(self, record: ConsumerRecord) -> SearchableMessage | Erasure:
        """The message, or which one is erased."""
        if record.value is not None:
            message: SearchableMessage = self.codec.decode(record.value)
            return message
        try:
            return Erasure((record.key or b"").decode())
        except UnicodeDecodeError as error:
            raise CodecError("the key of a tombstone is not UTF-8") from error

    def made_of(self, output: Output, placed: Sequence[Incoming]) -> list[int]:
        """The message at which a record was made."""
        return [output.position]

    async def process(self, state: State, placed: Sequence[Incoming], is_interrupted: Callable[[], bool]) -> Changes:
        """What a batch comes to; waits for the provider as long as it takes."""
        dimensions = self._embedder.dimensions
        # In a thread: cutting a long text takes a second. A model that is not installed can't count tokens either.
        plans = await self._patient.patiently(
            lambda: asyncio.to_thread(self._planner.plans, Rows(state, dimensions), placed), is_interrupted
        )
        made = await self._made(plans.found, is_interrupted)
        return Fold(Rows(state, dimensions), self._embedder.space).changes(placed, plans, made)

    async def _made(self, plans: Mapping[int, Plan], is_interrupted: Callable[[], bool]) -> dict[int, list[Made]]:
        texts = [text for plan in plans.values() for text in plan.texts()]
        made = iter(await self._patient.embed(texts, is_interrupted))
        return {position: [next(made) for _ in plan.passages] for position, plan in plans.items()}


def group_of(space: str) -> str:
    """The worker's consumer group without its namespace: a new space begins with the first message."""
    return f"{WORKER}.{space_slug(space)}"
