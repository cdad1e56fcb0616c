"""A server on loopback that speaks the APIs of Gemini and Ollama, and fails as it is told to."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, ClassVar

KEY = "right-key"
# In what real servers make: shorter than the model's own, and not scaled to 1.
DIMENSIONS = 8


@dataclass
class Answer:
    """What is answered instead of vectors."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ModelServer:
    """What was asked, and what will be answered before vectors are.

    Attributes:
        url: Where it listens.
        answers: Taken one after the other; None lets the call hang until the test ends.
        intercept: Answers a call in the place of the models, where it gives an answer.
        calls: Path and body of each call.
    """

    url: str = ""
    answers: deque[Answer | None] = field(default_factory=deque)
    intercept: Callable[[Mapping[str, Any]], Answer | None] = lambda body: None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ended: Event = field(default_factory=Event)

    def texts(self) -> list[list[str]]:
        """The texts of each call to Gemini."""
        return [[each["content"]["parts"][0]["text"] for each in body["requests"]] for _, body in self.calls]


def vector_of(text: str, task: str = "") -> list[float]:
    """Some vector, the same for the same text."""
    return [byte + 1.0 for byte in sha256(f"{task}{text}".encode()).digest()[:DIMENSIONS]]


def google_error(code: int, status: str, *details: Mapping[str, Any]) -> Answer:
    """An error as Google's servers tell it; the message quotes what was sent."""
    error = {"code": code, "message": "it quotes a secret text", "status": status, "details": list(details)}
    return Answer(code, {"error": error})


class _Handler(BaseHTTPRequestHandler):
    server_state: ClassVar[ModelServer]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        state = self.server_state
        state.calls.append((self.path, body))
        answer = state.answers.popleft() if state.answers else state.intercept(body) or self._vectors(body)
        if answer is None:
            state.ended.wait(60)
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"content-type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _vectors(self, body: dict[str, Any]) -> Answer:
        if self.path == "/api/embed":
            if "hunter2" in self.headers.get("authorization", ""):
                return Answer(401, {"error": "unauthorized"})
            return Answer(body={"embeddings": [vector_of(text) for text in body["input"]]})
        if self.headers["x-goog-api-key"] != KEY:
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            return google_error(400, "INVALID_ARGUMENT", info)
        asked = [(each["content"]["parts"][0]["text"], each["taskType"]) for each in body["requests"]]
        return Answer(body={"embeddings": [{"values": vector_of(*each)} for each in asked]})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Says nothing."""


@contextmanager
def serve_models() -> Iterator[ModelServer]:
    """Runs the server."""
    state = ModelServer()
    handler = type("Handler", (_Handler,), {"server_state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.ended.set()
            server.shutdown()
            thread.join()
