"""An embedder that asks another only for what it has not asked before."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
import structlog

from sessiontrack.providers.embedder import Embedder, Vectors, no_vectors
from sessiontrack.providers.embedding_cache import EmbeddingCache, cache_key, rounded
from sessiontrack.telemetry.embedding_metrics import EmbeddingMetrics

_log = structlog.get_logger(__name__)
# Two megabytes of vectors of 384 dimensions: the questions of a busy day.
_MOST_QUERIES = 1_000
_DAY_S = 86_400


class CachedEmbedder:
    """Takes vectors from memory (of queries), from disk, and else from the provider.

    A cache that can't be read or written costs time and money, never an answer.

    Args:
        embedder: Who makes what is not there.
        cache: What is kept on disk; None keeps queries in memory alone.
        metrics: Where it is counted what came from where.
    """

    def __init__(self, embedder: Embedder, cache: EmbeddingCache | None, metrics: EmbeddingMetrics) -> None:
        self._embedder, self._cache, self._metrics = embedder, cache, metrics
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self.space = embedder.space
        self.dimensions = embedder.dimensions
        self.max_tokens = embedder.max_tokens
        self.count_tokens = embedder.count_tokens
        self.batches = embedder.batches

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (texts, dimensions); equal ones are embedded once."""
        if not texts:
            return no_vectors(self.dimensions)
        keys = [cache_key(self.space, "document", text) for text in texts]
        found = await self._load(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        self._metrics.embedded("cache", len(texts) - len(missing))
        found |= await self._made(missing)
        return np.stack([found[key] for key in keys])

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for, (dimensions,)."""
        if text in self._queries:
            self._queries.move_to_end(text)
            self._metrics.embedded("memory", 1)
            return self._queries[text]
        key = cache_key(self.space, "query", text)
        vector = (await self._load([key])).get(key)
        self._metrics.embedded("provider" if vector is None else "cache", 1)
        if vector is None:
            [vector] = rounded((await self._embedder.embed_query(text))[np.newaxis])
            await self._save({key: vector})
        self._queries[text] = vector
        if len(self._queries) > _MOST_QUERIES:
            self._queries.popitem(last=False)
        return vector

    async def close(self) -> None:
        """Closes the cache and the embedder."""
        await self._embedder.close()
        if self._cache is not None:
            self._cache.close()

    async def _made(self, texts: Mapping[bytes, str]) -> dict[bytes, Vectors]:
        """What the provider makes of texts, kept call by call: what one has made outlives the failure of the next."""
        made: dict[bytes, Vectors] = {}
        keys = iter(texts)
        for batch in self._embedder.batches(texts.values()):
            vectors = rounded(await self._embedder.embed_documents(batch))
            fresh = dict(zip(islice(keys, len(batch)), vectors, strict=True))
            self._metrics.embedded("provider", len(batch))
            await self._save(fresh)
            made |= fresh
        return made

    async def _load(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        if self._cache is None:
            return {}
        try:
            return await asyncio.to_thread(self._cache.load, keys, _today())
        except sqlite3.Error as error:
            _log.warning("the cache of vectors can't be read", error=str(error))
            return {}

    async def _save(self, vectors: Mapping[bytes, Vectors]) -> None:
        if self._cache is None:
            return
        try:
            await asyncio.to_thread(self._cache.save, vectors, _today())
        except sqlite3.Error as error:
            _log.warning("the cache of vectors can't be written", error=str(error))


def _today() -> int:
    return int(time.time() // _DAY_S)
