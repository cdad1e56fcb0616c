"""A client of the HTTP API: `python examples/client.py http://127.0.0.1:8765 WORD…` searches."""

import json
import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx


class Hit(TypedDict):
    """A message that was found; docs/openapi.yaml has all fields."""

    session_id: str
    entry_id: str
    timestamp: str
    snippet: str


class Client:
    """Reads, searches, follows and sends sessions; use it in a `with` block.

    Args:
        address: Of `sessiontrack serve`.
        token: The setting api.token, where there is one.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def sessions(self, **filters: str) -> Iterator[dict[str, Any]]:
        """All sessions that filters choose, the latest activity first."""
        return self._pages("/sessions", "sessions", filters)

    def messages(self, session_id: str) -> Iterator[dict[str, Any]]:
        """All messages of a session, in order."""
        return self._pages(f"/sessions/{session_id}/messages", "messages", {})

    def search(self, query: str, limit: int = 10, **filters: str) -> list[Hit]:
        """The messages that fit, best first."""
        hits: list[Hit] = self._get("/search", {"q": query, "limit": str(limit), **filters})["hits"]
        return hits

    def export(self, session_id: str) -> bytes:
        """The transcript, byte for byte."""
        return self._http.get(f"/sessions/{session_id}/export").raise_for_status().content

    def live(self, last_id: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events as they come, each with the id to go on after it."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        with self._http.stream("GET", "/live", headers=headers) as stream:
            fields: dict[str, str] = {}
            for line in stream.raise_for_status().iter_lines():
                name, _, value = line.partition(": ")
                fields[name] = value
                if not line:
                    if "id" in fields and "event" not in fields:
                        yield fields["id"], json.loads(fields["data"])
                    fields = {}

    def send(self, session_id: str, lines: Iterable[str], after: str | None = None) -> list[dict[str, Any]]:
        """Sends lines of a transcript; the receipts, of which the last one's `after` goes with the next lines."""
        events = [{"kind": "line", "session_id": session_id, "line": line} for line in lines]
        events[0] |= {"after": after} if after else {}
        receipts: list[dict[str, Any]] = (
            self._http.post("/events", json={"events": events}).raise_for_status().json()["receipts"]
        )
        return receipts

    def _pages(self, path: str, name: str, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
        while True:
            page = self._get(path, parameters)
            yield from page[name]
            if page["next"] is None:
                return
            parameters = {**parameters, "after": page["next"]}

    def _get(self, path: str, parameters: dict[str, str]) -> Any:
        return self._http.get(path, params=parameters).raise_for_status().json()


if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        for hit in client.search(" ".join(sys.argv[2:])):
            sys.stdout.write(f"{hit['session_id']} {hit['entry_id']} {hit['timestamp']} {hit['snippet']}\n")
