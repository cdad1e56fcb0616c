"""Asks the API, and compares what the vector index finds with an exact search."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np

from bench.search.load import IDS, VECTORS
from queries.filters import Filters
from queries.vectors.opensearch import OpenSearchVectors
from sessiontrack.providers.choice import open_embedder
from sessiontrack.settings import Settings

KINDS: dict[str, dict[str, str]] = {
    "text": {"mode": "text"},
    "semantic": {"mode": "semantic"},
    "hybrid": {"mode": "hybrid"},
    # About a tenth of all: one agent of four, the last ten of twenty-four months.
    "filtered hybrid": {"mode": "hybrid", "agent": "main", "since": "2025-03-01"},
}
CLIENTS = (1, 8)
_WARMING = 30
_NEAREST = 10
_BLOCK = 100_000
_TIMEOUT_S = 60


def latencies(address: str, questions: Sequence[str], clients: int, parameters: dict[str, str]) -> dict[str, Any]:
    """Milliseconds that answers take, by percentile, and answers a second.

    Args:
        address: Of the API.
        questions: None asked before: a question's vector is remembered.
        clients: How many ask at the same time, each one after the other.
        parameters: What is asked beside the question.
    """
    shares = [questions[number::clients] for number in range(clients)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        taken = [ms for each in pool.map(lambda share: _asked(address, share, parameters), shares) for ms in each]
    seconds = time.perf_counter() - begun
    found = {f"p{percentile}": round(float(np.percentile(taken, percentile)), 1) for percentile in (50, 95, 99)}
    return found | {"a_second": round(len(taken) / seconds, 1), "asked": len(taken)}


def warm(address: str, questions: Sequence[str]) -> None:
    """Asks for nothing that is measured: the model is loaded, and files are in memory as on any busy day."""
    for parameters in KINDS.values():
        _asked(address, questions[:_WARMING], parameters)


def recall(settings: Settings, space: str, questions: Sequence[str]) -> dict[str, float]:
    """Of the ten nearest passages, how many the index finds: the mean over questions."""
    vectors = np.load(settings.data_dir / VECTORS, mmap_mode="r")
    ids = (settings.data_dir / IDS).read_text().split()
    asked = asyncio.run(_embedded(settings, questions))
    exact = _exact(vectors, asked)
    index = OpenSearchVectors(settings, space)
    shares = []
    for vector, nearest in zip(asked, exact, strict=True):
        found = {each.message_id for each in index.nearest_chunks(vector.tolist(), Filters(), _NEAREST)}
        shares.append(len(found & {ids[number] for number in nearest}) / _NEAREST)
    return {"recall_at_10": round(float(np.mean(shares)), 4), "worst": float(np.min(shares)), "questions": len(shares)}


def _asked(address: str, questions: Sequence[str], parameters: dict[str, str]) -> list[float]:
    taken = []
    with httpx.Client(base_url=address, timeout=_TIMEOUT_S) as client:
        for question in questions:
            begun = time.perf_counter()
            answer = client.get("/v1/search", params={"q": question, **parameters})
            taken.append((time.perf_counter() - begun) * 1000)
            answer.raise_for_status()
            if answer.json()["mode"] != parameters["mode"]:
                raise SystemExit(f"answered otherwise than asked: {answer.json()['notes']}")
    return taken


def _exact(vectors: Any, asked: Any) -> Any:
    """Numbers of the nearest vectors of each question: (questions, 10)."""
    scores = np.concatenate(
        [
            np.asarray(vectors[first : first + _BLOCK], dtype=np.float32) @ asked.T
            for first in range(0, len(vectors), _BLOCK)
        ]
    )
    return np.argpartition(-scores, _NEAREST, axis=0)[:_NEAREST].T


async def _embedded(settings: Settings, questions: Sequence[str]) -> Any:
    embedder = open_embedder(settings)
    try:
        return np.stack([await embedder.embed_query(question) for question in questions])
    finally:
        await embedder.close()
