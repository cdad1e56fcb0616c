"""Vectors of what is asked: made while the words are looked for, by a model that a process may keep in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

from queries.vectors.space import serving_space
from sessiontrack.errors import ConfigurationError, SessionTrackError, TransientError, UnavailableError
from sessiontrack.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from sessiontrack.providers.embedder import Embedder, Vectors

# A provider that is away is not asked again for so long: each question would wait for its time-out anew.
PAUSE_S = 10.0
# For so long it is not asked again which space serves; no answer is older than a second.
MEMORY_S = 1.0


class Questions:
    """Embeds questions, on an event loop of its own, as embedders are asynchronous and searches are not.

    Args:
        embedder: Who makes the vectors; closed with this.
        clock: Seconds; only differences count.
    """

    def __init__(self, embedder: Embedder, clock: Callable[[], float] = time.monotonic) -> None:
        self._embedder, self._clock = embedder, clock
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="questions", daemon=True)
        self._thread.start()
        self._failed: SessionTrackError | None = None
        self._paused_until = 0.0

    @property
    def space(self) -> str:
        """The space of the vectors."""
        return self._embedder.space

    def embed(self, text: str) -> Future[Vectors]:
        """The vector of a question, (dimensions,), when it is made; raises what the embedder raises."""
        return asyncio.run_coroutine_threadsafe(self._embed(text), self._loop)

    async def _embed(self, text: str) -> Vectors:
        if self._failed is not None and self._clock() < self._paused_until:
            raise self._failed
        try:
            vector = await self._embedder.embed_query(text)
        except TransientError as error:
            self._failed, self._paused_until = error, self._clock() + PAUSE_S
            raise
        self._failed = None
        return vector

    def close(self) -> None:
        """Lets go of the model and of the thread."""
        asyncio.run_coroutine_threadsafe(self._embedder.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Models:
    """The models of a process, one for each space that is asked for; made when first needed, and kept.

    While an index of a new space is being filled, questions are asked in the old one, whatever the settings say.

    Args:
        settings: Section `embedding`, and the data folder.
        registry: Where it is counted where vectors came from.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry | None = None) -> None:
        self._settings, self._registry = settings, registry
        self._opened: dict[str, Questions] = {}
        self._opening = Lock()
        # By the store that is searched: the space, and until when it is not asked again.
        self._serving: dict[str, tuple[str | None, float]] = {}

    def serving_space(self, settings: Settings) -> str | None:
        """The space that searches look into; None where nothing is embedded yet.

        It is that of the settings where the store that knows it is away, but not the one that is searched.

        Args:
            settings: Which store is searched, and where it is.
        """
        space, known_until = self._serving.get(settings.search.vectors, (None, 0.0))
        if time.monotonic() < known_until:
            return space
        try:
            space = serving_space(settings)
        except UnavailableError:
            space = own_space(settings)
        self._serving[settings.search.vectors] = space, time.monotonic() + MEMORY_S
        return space

    def of(self, space: str) -> Questions:
        """The model whose vectors are of a space.

        Raises:
            ConfigurationError: No provider of the settings makes such vectors.
            UnavailableError: The cache of vectors can't be opened.
        """
        with self._opening:
            if space not in self._opened:
                self._opened[space] = self._open(space)
            return self._opened[space]

    def close(self) -> None:
        """Lets go of all."""
        for each in self._opened.values():
            each.close()

    def _open(self, space: str) -> Questions:
        # Models take longer to import than words to be found.
        from sessiontrack.providers.choice import open_embedder

        # A registry takes each metric once.
        registry = None if self._opened else self._registry
        opened = Questions(open_embedder(in_space(self._settings, space), registry))
        if opened.space != space:
            opened.close()
            raise ConfigurationError(
                f"the vectors that are searched are of {space}, the settings make {opened.space}",
                hint="`sessiontrack rebuild embeddings` makes the vectors anew.",
            )
        return opened


def own_space(settings: Settings) -> str:
    """The space of the vectors that the settings make."""
    from sessiontrack.providers.choice import open_embedder

    embedder = open_embedder(settings)
    asyncio.run(embedder.close())
    return embedder.space


def in_space(settings: Settings, space: str) -> Settings:
    """The settings with the model of a space: its own where it is local, else one of the provider that is set."""
    from sessiontrack.providers.local.embedder import is_local

    model, _, dimensions = space.rpartition("@")
    chosen: dict[str, object] = {"model": model, "dimensions": int(dimensions)}
    if is_local(model):
        chosen["provider"] = "local"
    elif settings.embedding.model.lower().endswith(model):
        # The name of a space is in lower case and has no folders.
        chosen["model"] = settings.embedding.model
    return settings.model_copy(update={"embedding": settings.embedding.model_copy(update=chosen)})


# Of each process that keeps its models, by its data folder.
_kept: dict[Path, Models] = {}


@contextmanager
def kept(settings: Settings, registry: CollectorRegistry | None = None) -> Iterator[None]:
    """While this lasts, `models` gives the same, whose models stay in memory.

    Args:
        settings: Section `embedding`, and the data folder.
        registry: Where it is counted where vectors came from.
    """
    _kept[settings.data_dir] = Models(settings, registry)
    try:
        yield
    finally:
        _kept.pop(settings.data_dir).close()


@contextmanager
def models(settings: Settings) -> Iterator[Models]:
    """The models that are kept, else those of one search."""
    if found := _kept.get(settings.data_dir):
        yield found
        return
    own = Models(settings)
    try:
        yield own
    finally:
        own.close()
