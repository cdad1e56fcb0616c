"""The corpus's lines have the keys, and their order, of lines that the true assistants wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import iter_sessions
from bench.corpus.people import Brand

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
FOLDERS: tuple[tuple[Brand, str], ...] = (("clawdbot", "clawdbot-2026.1.24"), ("openclaw", "openclaw-2026.7.1"))

Shape = tuple[str, ...]


def _shapes(lines: Iterable[bytes]) -> dict[str, set[Shape]]:
    """For each kind of object in transcripts, the key orders that occur."""
    shapes: dict[str, set[Shape]] = defaultdict(set)
    for raw in lines:
        if raw.strip():
            for kind, value in _objects(json.loads(raw)):
                shapes[kind].add(tuple(value))
    return shapes


def _objects(line: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from [(f"line {line['type']}", line)] if line.get("customType", "model-snapshot") == "model-snapshot" else []
    message = line.get("message")
    if message is None:
        return
    kind = _kind(message)
    yield f"message {kind}", message
    if "usage" in message:
        yield f"usage {kind}", message["usage"]
        yield f"cost {kind}", message["usage"].get("cost", {})
    if message["role"] == "toolResult" and message["toolName"] in ("exec", "edit"):
        yield f"details {message['toolName']} {message['isError']}", message.get("details") or {}
    for block in message["content"] if isinstance(message.get("content"), list) else ():
        yield f"block {block['type']}", block


def _kind(message: dict[str, Any]) -> str:
    if message["role"] != "assistant":
        return str(message["role"])
    if message.get("model") == "gateway-injected" or message["stopReason"] == "injected":
        return "injected"
    return "error" if message["stopReason"] == "error" else "assistant"


def _transcripts(folder: Path) -> Iterator[bytes]:
    for path in folder.glob("????????-*.jsonl*"):
        if ".trajectory" not in path.name:
            yield from path.read_bytes().splitlines()


# What the samples happen not to show: Google's mark on a call, a patch, a mirror,
# failures with isError set in 2026.1, and calls without "partialArgs" where the server was no OpenAI-compatible one.
_KNOWN_ELSEWHERE: dict[str, set[Shape]] = {
    "block toolCall": {
        ("type", "id", "name", "arguments"),
        ("type", "id", "name", "arguments", "thoughtSignature"),
    },
    "details edit False": {("diff", "patch", "firstChangedLine")},
    "details exec False": {("status", "tool", "error")},
    "details exec True": {(), ("status", "tool", "error")},
    "message assistant": {
        ("role", "content", "api", "provider", "model", "usage", "stopReason", "timestamp"),
    },
    "line session": {("type", "version", "id", "timestamp", "cwd", "parentSession")},
}


@pytest.mark.parametrize(("brand", "folder"), FOLDERS)
def test_keys_come_in_the_order_of_the_true_files(brand: Brand, folder: str) -> None:
    if not (SAMPLES / folder).is_dir():
        pytest.skip(f"no samples of {folder} beside the repository (expected in ../shared/samples)")
    true = _shapes(_transcripts(SAMPLES / folder))
    files = (file for session in iter_sessions(150, seed=3, brand=brand) for file in session.files)
    ours = _shapes(line for file in files for line in file.content.splitlines())
    compared = [kind for kind in ours if kind in true]
    assert len(compared) > 15
    strange = {kind: ours[kind] - true[kind] - _KNOWN_ELSEWHERE.get(kind, set()) for kind in compared}
    assert not {kind: shapes for kind, shapes in strange.items() if shapes}
