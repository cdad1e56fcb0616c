"""Reads OpenSearch: the connection, and all documents of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as NoSuchIndex
from opensearchpy.exceptions import OpenSearchException, TransportError

from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

_TIMEOUT_S = 30
# A document is at most about 1 MiB, as an event's typed text is cut at 512 KiB: the largest page stays below 100 MiB.
# Two of them are in memory.
_PAGE = 100
# A reader that is slower than this between two pages has gone.
_KEEP_ALIVE = "5m"


# Of each server that is being read over connections that are kept, by its address.
_clients: dict[str, OpenSearch] = {}


class StoredDocument(NamedTuple):
    """A document as OpenSearch holds it.

    Attributes:
        id: Its id.
        version: Its external version.
        source: What was stored.
    """

    id: str
    version: int
    source: dict[str, Any]


@contextmanager
def connected(settings: Settings) -> Iterator[OpenSearch]:
    """A client of OpenSearch.

    Raises:
        UnavailableError: OpenSearch does not answer, or our indexes are not there.
    """
    url = settings.opensearch.url
    with _client(url) as client:
        try:
            yield client
        except NoSuchIndex as error:
            raise UnavailableError(
                f"OpenSearch at {url} has no indexes of SessionTrack", hint="Make them with `sessiontrack up`."
            ) from error
        except TransportError as error:
            problem = f"refuses: {error.error}" if isinstance(error.status_code, int) else "does not answer"
            raise UnavailableError(
                f"OpenSearch at {url} {problem}", hint="Start the stack with `sessiontrack up`."
            ) from error
        except OpenSearchException as error:
            raise UnavailableError(
                f"OpenSearch at {url} fails: {type(error).__name__}", hint="See `sessiontrack status`."
            ) from error


@contextmanager
def pooled(settings: Settings, connections: int) -> Iterator[None]:
    """While this lasts, `connected` gives one client, which keeps its connections.

    Args:
        settings: Where OpenSearch is.
        connections: Most connections.
    """
    url = settings.opensearch.url
    with OpenSearch(hosts=[url], timeout=_TIMEOUT_S, max_retries=0, pool_maxsize=connections) as client:
        _clients[url] = client
        try:
            yield
        finally:
            del _clients[url]


@contextmanager
def _client(url: str) -> Iterator[OpenSearch]:
    if kept := _clients.get(url):
        yield kept
        return
    with OpenSearch(hosts=[url], timeout=_TIMEOUT_S, max_retries=0) as client:
        yield client


class View:
    """A dataset as it stood at one moment, all acknowledged writes included.

    Attributes:
        index: Names of the indexes that it is of, each with the id that it was made with.
    """

    def __init__(self, client: OpenSearch, alias: str) -> None:
        self._client = client
        client.indices.refresh(index=alias)
        found = client.indices.get_settings(index=alias, name="index.uuid", flat_settings=True)
        self.index = " ".join(sorted(f"{name}/{each['settings']['index.uuid']}" for name, each in found.items()))
        self._id = client.create_pit(index=alias, params={"keep_alive": _KEEP_ALIVE})["pit_id"]

    def close(self) -> None:
        """Lets OpenSearch forget it."""
        self._client.delete_pit(body={"pit_id": [self._id]})

    def search(self, body: dict[str, Any]) -> Any:
        """The answer to a search in it."""
        return self._client.search(body={**body, "pit": {"id": self._id, "keep_alive": _KEEP_ALIVE}})

    def documents(self, query: dict[str, Any]) -> Iterator[StoredDocument]:
        """All documents that a query finds, in no particular order; a page is fetched while the one before is used."""
        body: dict[str, Any] = {
            "size": _PAGE,
            "query": query,
            # The order of the index itself: nothing is sorted, and documents without any field are found too.
            "sort": ["_shard_doc"],
            "version": True,
            "track_total_hits": False,
        }
        with ThreadPoolExecutor(1) as ahead:
            page = ahead.submit(self.search, body)
            while hits := page.result()["hits"]["hits"]:
                page = ahead.submit(self.search, {**body, "search_after": hits[-1]["sort"]})
                for hit in hits:
                    yield StoredDocument(hit["_id"], hit["_version"], hit["_source"])


@contextmanager
def viewed(settings: Settings, dataset: str) -> Iterator[View]:
    """A view of a dataset: `sessions`, `messages` or `tool-calls`.

    Raises:
        UnavailableError: OpenSearch does not answer, or our indexes are not there.
    """
    with connected(settings) as client:
        view = View(client, settings.opensearch.alias(dataset))
        try:
            yield view
        finally:
            view.close()


def fetch_documents(settings: Settings, dataset: str, session_id: str | None = None) -> Iterator[StoredDocument]:
    """Every document of a dataset as it stands now.

    Args:
        settings: Where OpenSearch is.
        dataset: `sessions`, `messages` or `tool-calls`.
        session_id: Only those of this session.

    Raises:
        UnavailableError: OpenSearch does not answer, or our indexes are not there.
    """
    query = {"term": {"session_id": session_id}} if session_id is not None else {"match_all": {}}
    with viewed(settings, dataset) as view:
        yield from view.documents(query)
