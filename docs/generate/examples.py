"""An example record of each topic, made of a fixed transcript by the code that makes the real ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from producers.cloudevents import headers_of as headers_of_event
from producers.transcript import Transcript, TranscriptSource, context_event, split_lines
from schemas.codec import CodecError
from schemas.records import Context, SearchableMessage, SessionEvent
from schemas.topics import DEAD_LETTERS, EVENTS, MESSAGES, Topic
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.providers.embedder import estimated_tokens
from streams.batch import Output, process_batch
from streams.codec import headers_of
from streams.embed.fold import Fold
from streams.embed.plan import Planner
from streams.embed.rows import Rows

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
_SPACE, _DIMENSIONS, _MODEL_TOKENS = "all-minilm-l6-v2@384", 384, 256
# Of the messages the reply shows most: text, a tool call, tokens and cost.
_SHOWN_ENTRY = "5d1c0a03"

Example = dict[str, Any]


def examples() -> dict[str, Example]:
    """Key, headers and value by name of the topic; bytes in hexadecimal, times as epoch milliseconds."""
    events = _events()
    shown = next(event for event in events if event["entry_id"] == _SHOWN_ENTRY)
    found = {EVENTS.name: _example(shown["session_id"], headers_of_event(shown), shown)}
    derived = process_batch({}, list(enumerate(events))).outputs
    messages = [output.record for output in derived if output.topic == MESSAGES]
    for output in [*derived, *_embedded(messages)]:
        if output.record.get("entry_id", _SHOWN_ENTRY) == _SHOWN_ENTRY:
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


def _embedded(messages: Sequence[SearchableMessage]) -> list[Output]:
    """What comes of messages whose vectors all have equal numbers: without a model, and the same on every machine."""
    placed = list(enumerate(messages))
    plans = Planner(_MODEL_TOKENS, estimated_tokens).plans(Rows({}, _DIMENSIONS), placed)
    vector = np.full(_DIMENSIONS, _DIMENSIONS**-0.5, dtype=np.float32)
    vectors = {position: [vector for _ in plan.passages] for position, plan in plans.found.items()}
    return Fold(Rows({}, _DIMENSIONS), _SPACE).changes(placed, plans, vectors).outputs


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
