"""An example record of each topic, made of a fixed transcript by the code that makes the real ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from producers.cloudevents import headers_of as headers_of_event
from producers.transcript import Transcript, TranscriptSource, context_event, split_lines
from schemas.codec import CodecError
from schemas.records import Context, SessionEvent, SessionVector
from schemas.topics import CHUNKS, DEAD_LETTERS, EVENTS, MESSAGES, SESSION_VECTORS, Topic
from schemas.vectors import encode_vector
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from streams.batch import Output, process_batch
from streams.codec import headers_of
from streams.embed.records import Passage, chunk_record
from streams.revisions import SESSION_VECTORS as SESSION_VECTORS_REVISION
from streams.revisions import version

_TRANSCRIPT = Path(__file__).with_name("transcript.jsonl")
_CAPTURED_AT = 1_795_338_010_000
_SOURCE = TranscriptSource(
    session_id="0b5e1d9c-6a57-4c7e-9d0f-3f0d8f6c2a11",
    agent_id="main",
    brand="openclaw",
    file_name="0b5e1d9c-6a57-4c7e-9d0f-3f0d8f6c2a11.jsonl",
)
_CONTEXT = Context(
    session_key="agent:main:telegram:dm:4711",
    channel="telegram",
    chat_type="direct",
    display_name="Ada",
    parent_session_id=None,
    parent_relation=None,
    provenance="INFERRED",
)
_SPACE, _DIMENSIONS = "all-minilm-l6-v2@384", 384
# Of the messages the reply shows most: text, a tool call, tokens and cost.
_SHOWN_ENTRY = "5d1c0a03"

Example = dict[str, Any]


def examples() -> dict[str, Example]:
    """Key, headers and value by name of the topic; bytes in hexadecimal, times as epoch milliseconds."""
    events = _events()
    shown = next(event for event in events if event["entry_id"] == _SHOWN_ENTRY)
    found = {EVENTS.name: _example(shown["session_id"], headers_of_event(shown), shown)}
    for output in process_batch({}, list(enumerate(events))).outputs:
        if output.record.get("entry_id", _SHOWN_ENTRY) == _SHOWN_ENTRY:
            found[output.topic.name] = _example(output.key, headers_of(output), output.record)
    for output in _embedded(found[MESSAGES.name]["value"]):
        found[output.topic.name] = _example(output.key, headers_of(output), output.record)
    return {**found, DEAD_LETTERS.name: _dead_letter()}


def path_of(topic: Topic) -> Path:
    """Where the example of a topic is kept."""
    return Path(__file__).parents[2] / "schemas" / "examples" / f"{topic.schema}.json"


def render(example: Example) -> str:
    """An example as it is kept."""
    return json.dumps(example, indent=2, ensure_ascii=False) + "\n"


def _events() -> list[SessionEvent]:
    transcript = Transcript(_SOURCE)
    lines, _ = split_lines(_TRANSCRIPT.read_bytes())
    return [
        context_event(_SOURCE, _CONTEXT, captured_at=_CAPTURED_AT),
        *(transcript.append(line, captured_at=_CAPTURED_AT) for line in lines),
    ]


def _embedded(message: Any) -> Iterator[Output]:
    """What comes of a message whose vector has equal numbers: no model is needed, and every machine makes the same."""
    vector = [_DIMENSIONS**-0.5] * _DIMENSIONS
    chunk = chunk_record(
        message,
        Passage(0, len(message["text"]), message["text"]),
        index=0,
        count=1,
        context="",
        space=_SPACE,
        vector=vector,
    )
    yield Output(CHUNKS, chunk["chunk_id"], chunk["session_id"], chunk, "embed", 0)
    session: SessionVector = {
        "session_id": message["session_id"],
        "version": version(SESSION_VECTORS_REVISION, 1),
        "space": _SPACE,
        "dimensions": _DIMENSIONS,
        "vector": encode_vector(vector),
        "messages": 1,
        "chunks": 1,
        "agent_id": message["agent_id"],
        "channel": message["channel"],
        "brand": message["brand"],
        "cwd": message["cwd"],
        "project": message["project"],
        "session_key": message["session_key"],
        "chat_type": message["chat_type"],
        "first_at": message["timestamp"],
        "last_at": message["timestamp"],
    }
    key = f"{_SPACE}/{session['session_id']}"
    yield Output(SESSION_VECTORS, key, session["session_id"], session, "embed", 0)


def _dead_letter() -> Example:
    letter = dead_letter(
        group="sessiontrack.postgres",
        stage="decode",
        error=CodecError("a framed value begins with a zero byte, not with 123"),
        failed_at=_CAPTURED_AT,
        topic=EVENTS.name,
        partition=3,
        offset=1729,
        key=_SOURCE.session_id.encode(),
        value=b'{"not":"Avro"}',
        headers=[("content-type", b"application/json")],
    )
    return _example(dead_letter_key(letter).decode(), dead_letter_headers(letter), letter)


def _example(key: str, headers: Iterable[tuple[str, bytes]], value: Any) -> Example:
    plain: Any = json.loads(json.dumps(value, default=bytes.hex))
    return {"key": key, "headers": {name: content.decode() for name, content in headers}, "value": plain}
