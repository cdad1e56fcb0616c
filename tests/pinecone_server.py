"""A server on loopback that speaks the data plane of Pinecone, and fails as it is told to.

Source: https://docs.pinecone.io/reference/api/2025-10/data-plane
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

KEY = "right-key"
_MOST_BYTES = 2 * 1024 * 1024


@dataclass
class PineconeServer:
    """An index.

    Attributes:
        dimensions: Of its vectors.
        url: Where it listens.
        failures: Statuses that the next calls are answered with; the message quotes what was sent.
        namespaces: Vectors by namespace and id, as they were sent.
    """

    dimensions: int
    url: str = ""
    failures: deque[int] = field(default_factory=deque)
    namespaces: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def answer(self, path: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """What a call is answered with."""
        namespace = body.get("namespace", "__default__")
        held = self.namespaces.get(namespace)
        match path:
            case "/describe_index_stats":
                counts = {name: {"vectorCount": len(each)} for name, each in self.namespaces.items() if each}
                return 200, {"dimension": self.dimensions, "namespaces": counts, "totalVectorCount": 0}
            case "/vectors/upsert":
                return self._upsert(namespace, body["vectors"])
            case "/query":
                return 200, {"namespace": namespace, "matches": self._matches(held or {}, body)}
        if held is None:
            return 404, {"code": 5, "message": "Namespace not found"}
        if path == "/vectors/fetch":
            return 200, {"namespace": namespace, "vectors": {each: held[each] for each in body["ids"] if each in held}}
        assert path == "/vectors/delete"
        for each in body.get("ids", ()) if not body.get("deleteAll") else list(held):
            held.pop(each, None)
        return 200, {}

    def _upsert(self, namespace: str, vectors: list[dict[str, Any]]) -> tuple[int, Mapping[str, Any]]:
        if any(len(each["values"]) != self.dimensions for each in vectors):
            return 400, {"code": 3, "message": "Vector dimension does not match the dimension of the index"}
        self.namespaces.setdefault(namespace, {}).update((each["id"], each) for each in vectors)
        return 200, {"upsertedCount": len(vectors)}

    def _matches(self, held: Mapping[str, dict[str, Any]], body: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = [
            {"id": each["id"], "score": _dot(body["vector"], each["values"]), "metadata": _floats(each["metadata"])}
            for each in held.values()
            if _fulfils(body.get("filter") or {}, each["metadata"])
        ]
        return sorted(found, key=lambda each: -each["score"])[: body["topK"]]


def _dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _floats(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Pinecone keeps each number as one of floating point."""
    return {name: float(value) if type(value) is int else value for name, value in metadata.items()}


def _fulfils(where: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    if "$and" in where:
        return all(_fulfils(each, metadata) for each in where["$and"])
    return all(_holds(metadata.get(name), condition) for name, condition in where.items())


def _holds(value: Any, condition: Mapping[str, Any]) -> bool:
    [(operator, wanted)] = condition.items()
    values = value if isinstance(value, list) else [value]
    match operator:
        case "$eq":
            return wanted in values
        case "$in":
            return any(each in values for each in wanted)
        case "$gte":
            return value is not None and value >= wanted
        case "$lt":
            return value is not None and value < wanted
    raise AssertionError(operator)


class _Handler(BaseHTTPRequestHandler):
    server_state: ClassVar[PineconeServer]

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        assert len(sent) <= _MOST_BYTES
        self._answer(self.path, json.loads(sent))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self._answer(parts.path, {"ids": query["ids"], "namespace": query["namespace"][0]})

    def _answer(self, path: str, body: Mapping[str, Any]) -> None:
        state = self.server_state
        answer: dict[str, Any]
        if self.headers["api-key"] != KEY:
            status, answer = 401, {"message": "Invalid API Key"}
        elif state.failures:
            status, answer = state.failures.popleft(), {"code": 3, "message": f"it quotes {json.dumps(body)}"}
        else:
            status, found = state.answer(path, body)
            answer = dict(found)
        encoded = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def serve_pinecone(dimensions: int) -> Iterator[PineconeServer]:
    """A server that is stopped at the end."""
    state = PineconeServer(dimensions)
    handler = type("Handler", (_Handler,), {"server_state": state, "protocol_version": "HTTP/1.1"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
