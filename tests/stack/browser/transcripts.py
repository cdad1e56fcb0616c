"""A transcript that has everything that a session can show, and a long one."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

RICH, LONG, GROWING, CALLING, REWRITTEN = (f"b{number}000000-0000-4000-8000-000000000000" for number in range(1, 6))
QUESTION = "Which of the barometers on the weather mast is out of calibration?"
ANSWER = "The **third barometer** drifts by 4 hPa."
CODE = "def drift(samples: list[float]) -> float:\n    return max(samples) - min(samples)"
THINKING = "The readings of mast three do not follow the others."
COMMAND = "weather-mast read --all --hours 24"
OUTPUT = "mast 1: 1013.2\nmast 2: 1013.1\nmast 3: 1009.0"
SUMMARY = "So far: the third barometer was found to drift."
LEFT = "This answer was thrown away."
TITLE = "Barometers on the mast"
REPLACED = "This was said before it was rewritten."
LONG_ENTRIES = 2_500


def write(folder: Path) -> None:
    """Writes the transcripts into a state folder."""
    _write(folder, RICH, rich())
    _write(folder, LONG, long())
    _write(folder, GROWING, growing(1))
    asked = _message("c0", None, {"role": "user", "content": [_text("What do you see from the mast?")]})
    _write(folder, CALLING, [_line("session", version=3, id=CALLING, cwd="/home/u/weather"), asked])
    _write(folder, REWRITTEN, rewritten("r1", REPLACED))


def rewrite(folder: Path) -> None:
    """Writes one of them anew, without what it said."""
    _write(folder, REWRITTEN, rewritten("r2", "This is said now."))


def path(folder: Path, session_id: str) -> Path:
    """Where a transcript is."""
    return folder / "agents" / "main" / "sessions" / f"{session_id}.jsonl"


def rich() -> list[bytes]:
    """A conversation with an image, thinking, a tool, a branch, a compaction, a label, and a torn line."""
    call = {"type": "toolCall", "id": "call-1", "name": "exec", "arguments": {"command": COMMAND, "timeout": 30}}
    answer = f"{ANSWER}\n\n```python\n{CODE}\n```\n\n- replace it\n- calibrate the others"
    return [
        _line("session", version=3, id=RICH, cwd="/home/u/weather"),
        _entry("session_info", "e1", None, name=TITLE),
        _entry("model_change", "e2", "e1", provider="sim", modelId="sim-large"),
        _message("e3", "e2", {"role": "user", "content": [_text(QUESTION), _image()]}),
        _message("e4", "e3", _assistant([{"type": "thinking", "thinking": THINKING}, _text("I look."), call])),
        _message("e5", "e4", _result("call-1", [_text(OUTPUT)])),
        _message("e6", "e5", _assistant([_text(LEFT)])),
        _message("e7", "e5", _assistant([_text(answer)])),
        _entry("compaction", "e8", "e7", summary=SUMMARY, firstKeptEntryId="e7", tokensBefore=120_000),
        _entry("label", "e9", "e8", targetId="e7", label="solved"),
        b'{"type":"message","id":"torn\n',
        _message("ea", "e9", {"role": "user", "content": [_text("Thank you.")]}),
    ]


def long() -> list[bytes]:
    """Some thousand messages."""
    lines = [_line("session", version=3, id=LONG, cwd="/home/u/weather")]
    for number in range(1, LONG_ENTRIES + 1):
        role = "user" if number % 2 else "assistant"
        content = [_text(f"Reading number {number} of the long series.")]
        said = {"role": "user", "content": content} if role == "user" else _assistant(content)
        lines.append(_message(f"n{number}", f"n{number - 1}" if number > 1 else None, said))
    return lines


def growing(messages: int) -> list[bytes]:
    """A conversation that goes on."""
    lines = [_line("session", version=3, id=GROWING, cwd="/home/u/weather")]
    return lines + [grown(number) for number in range(1, messages + 1)]


def grown(number: int, lines: int = 1) -> bytes:
    """The next message of it, of so many lines."""
    text = "\n".join([grown_text(number)] * lines)
    said = {"role": "user", "content": [_text(text)]}
    return _message(f"g{number}", f"g{number - 1}" if number > 1 else None, said)


def grown_text(number: int) -> str:
    """What that message says."""
    return f"Gust number {number} came from the west."


def called(number: int) -> bytes:
    """A tool is called."""
    call = {"type": "toolCall", "id": f"call-{number}", "name": "camera", "arguments": {"mast": number}}
    return _message(f"c{number}", None, _assistant([_text("I look at it."), call]))


def answered(number: int) -> bytes:
    """What that tool gives: a text and a picture."""
    return _message(f"a{number}", f"c{number}", _result(f"call-{number}", [_text(OUTPUT), _image()]))


def rewritten(entry_id: str, text: str) -> list[bytes]:
    """A conversation of one message."""
    said = {"role": "user", "content": [_text(text)]}
    return [_line("session", version=3, id=REWRITTEN, cwd="/home/u/weather"), _message(entry_id, None, said)]


def _write(folder: Path, session_id: str, lines: list[bytes]) -> None:
    file = path(folder, session_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(lines))


def _line(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2026-11-18T09:00:00.000Z"} | fields).encode() + b"\n"


def _entry(kind: str, entry_id: str, parent: str | None, **fields: Any) -> bytes:
    return _line(kind, id=entry_id, parentId=parent, **fields)


def _message(entry_id: str, parent: str | None, message: dict[str, Any]) -> bytes:
    return _entry("message", entry_id, parent, message=message)


def _assistant(content: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {"input": 900, "output": 80, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 980, "cost": {"total": 0.0123}}
    return {
        "role": "assistant",
        "content": content,
        "provider": "sim",
        "model": "sim-large",
        "usage": usage,
        "stopReason": "stop",
    }


def _result(call_id: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "role": "toolResult",
        "toolCallId": call_id,
        "toolName": "exec",
        "content": content,
        "isError": False,
        "details": {"status": "completed", "exitCode": 0, "durationMs": 1_250},
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _image() -> dict[str, Any]:
    return {"type": "image", "data": base64.b64encode(_png()).decode(), "mimeType": "image/png"}


def _png() -> bytes:
    """A picture of two by two pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(b"\0" + b"\x2f\x5b\xb7" * 2 for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
