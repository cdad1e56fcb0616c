"""The connection to an index of Pinecone, and what its errors mean.

Source: https://docs.pinecone.io/reference/api/2025-10/data-plane
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pinecone import Index
from pinecone.errors import ApiError, NotFoundError, PineconeError

from sessiontrack.errors import ConfigurationError, SessionTrackError, TerminalError, TransientError
from sessiontrack.settings import PineconeSettings

# Of a request at most 2 MiB and 1,000 vectors are taken; a vector of 4,096 dimensions is 16 KiB, twice that as text.
MOST_AT_ONCE = 50
_WRONG_ACCOUNT = frozenset({401, 402, 403})
_WRONG_RECORD = frozenset({400, 413, 422})

T = TypeVar("T")


class PineconeIndex:
    """An index. The client tries a call that fails three times more by itself.

    Args:
        settings: Where it is.
        timeout_s: Seconds for each try.

    Raises:
        ConfigurationError: The key or the host is missing or can't be right.
    """

    def __init__(self, settings: PineconeSettings, timeout_s: float) -> None:
        try:
            self._index = Index(
                host=settings.host, api_key=settings.api_key.get_secret_value() or " ", timeout=timeout_s
            )
        except (PineconeError, ValueError) as error:
            raise ConfigurationError(
                f"Pinecone can't be called: {type(error).__name__}",
                hint="Set pinecone.host to the host of the index, and pinecone.api_key.",
            ) from error

    def dimensions(self) -> int | None:
        """The length of its vectors."""
        found: int | None = _called(self._index.describe_index_stats).dimension
        return found

    def namespaces(self) -> list[str]:
        """Its namespaces that hold something."""
        return list(_called(self._index.describe_index_stats).namespaces)

    def upsert(self, namespace: str, vectors: Sequence[Mapping[str, Any]]) -> None:
        """Writes vectors, replacing those of the same id.

        Raises:
            TerminalError: It refuses one of them.
        """
        for some in _in_parts(vectors):
            _called(partial(self._index.upsert, vectors=some, namespace=namespace))

    def delete(self, namespace: str, ids: Sequence[str]) -> None:
        """Deletes vectors; what is not there is not missed."""
        for some in _in_parts(ids):
            _called(partial(self._index.delete, ids=some, namespace=namespace), missing=None)

    def drop(self, namespace: str) -> None:
        """Deletes all of a namespace."""
        _called(partial(self._index.delete, delete_all=True, namespace=namespace), missing=None)

    def versions(self, namespace: str, ids: Sequence[str]) -> dict[str, int]:
        """The stored versions of those that are there."""
        found: dict[str, int] = {}
        for some in _in_parts(ids):
            answer = _called(partial(self._index.fetch, ids=some, namespace=namespace), missing=None)
            vectors = answer.vectors if answer else {}
            found |= {each: int((vector.metadata or {}).get("version", 0)) for each, vector in vectors.items()}
        return found

    def query(
        self, namespace: str, vector: Sequence[float], limit: int, where: Mapping[str, Any] | None
    ) -> list[tuple[str, float, dict[str, Any]]]:
        """The nearest vectors: id, score and metadata, the nearest first."""
        answer = _called(
            lambda: self._index.query(
                top_k=limit, vector=list(vector), namespace=namespace, filter=where, include_metadata=True
            )
        )
        return [(each.id, each.score, dict(each.metadata or {})) for each in answer.matches]

    def close(self) -> None:
        """Disconnects."""
        self._index.close()


def _in_parts(items: Sequence[T]) -> Iterable[list[T]]:
    return (list(items[begin : begin + MOST_AT_ONCE]) for begin in range(0, len(items), MOST_AT_ONCE))


_NEVER = object()


def _called(call: Callable[[], Any], *, missing: Any = _NEVER) -> Any:
    try:
        return call()
    except NotFoundError as error:
        # A namespace is there once something is in it.
        if missing is _NEVER:
            raise _typed(error) from error
        return missing
    except PineconeError as error:
        raise _typed(error) from error


def _typed(error: PineconeError) -> SessionTrackError:
    """Without the server's message, which may quote the record."""
    status = error.status_code if isinstance(error, ApiError) else None
    if status in _WRONG_ACCOUNT:
        return ConfigurationError(f"Pinecone refuses the key: {status}", hint="Set pinecone.api_key.")
    if status in _WRONG_RECORD:
        return TerminalError(f"Pinecone refuses a request: {status}")
    return TransientError(f"Pinecone does not answer: {status or type(error).__name__}")
