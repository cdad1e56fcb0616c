"""A line that is appended to a transcript leaves one trace, from its reading to each store that has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.workers import start_workers, stop_workers
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan, receiving_traces
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import reaped, wait_until
from tests.unit.producers.clawdbot.writing import header, line, write

SAID = "the pin of my bank is 4711"
MODEL = f"traced-{uuid4().hex[:8]}"
# Service and name of every span of a message of a model, and the one within which it was made.
EVENTS, MESSAGES, SESSIONS = (f"sessiontrack.{name}.v1" for name in ("events", "messages", "sessions"))
CAPTURE, SEND = ("producers", "capture"), ("producers", f"send {EVENTS}")
STAGES = ("streams", f"process {EVENTS}")
PARENTS = {
    SEND: CAPTURE,
    STAGES: SEND,
    ("archive", f"process {EVENTS}"): SEND,
    ("postgres", f"process {EVENTS}"): SEND,
    ("postgres", f"process {MESSAGES}"): STAGES,
    ("postgres", f"process {SESSIONS}"): STAGES,
    ("opensearch", f"process {MESSAGES}"): STAGES,
    ("opensearch", f"process {SESSIONS}"): STAGES,
}
WRITES = {"archive": "write archive", "postgres": "write postgres", "opensearch": "write opensearch"}


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_traces() as running:
        yield running


@pytest.fixture
def traced(pipeline: Pipeline, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The pipeline with traces of all events; without any again at the end."""
    names = stop_workers(pipeline.settings)
    with monkeypatch.context() as env:
        env.setenv("SESSIONTRACK_TRACES__ENDPOINT", receiver.url)
        env.setenv("SESSIONTRACK_TRACES__RATIO", "1")
        # Spans are sent as soon as there are some, not every five seconds.
        env.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        start_workers(pipeline.settings, names)
        yield pipeline
        stop_workers(pipeline.settings, names)
    start_workers(pipeline.settings, names)


def reply() -> bytes:
    usage = {"input": 10, "output": 5, "cacheRead": 100, "cacheWrite": 0}
    body = {"role": "assistant", "content": SAID, "provider": "sim", "model": MODEL, "usage": usage}
    return line(type="message", id="0000abcd", parentId=None, timestamp="2026-11-22T00:51:19.000Z", message=body)


def place(span: ReceivedSpan) -> tuple[str, str]:
    return span.service.removeprefix("sessiontrack-"), span.name


def trace_of_the_reply(receiver: OtlpReceiver) -> list[ReceivedSpan]:
    roots = [span for span in list(receiver.spans) if span.attributes.get("gen_ai.response.model") == MODEL]
    return receiver.trace(roots[0].trace_id) if roots else []


def test_an_appended_line_is_one_trace_to_every_store(traced: Pipeline, receiver: OtlpReceiver, tmp_path: Path) -> None:
    session_id = str(uuid4())
    path = tmp_path / "state" / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
    write(path, header(session_id))

    def is_followed() -> bool:
        return any(span.attributes.get("gen_ai.conversation.id") == session_id for span in list(receiver.spans))

    def is_whole() -> bool:
        found = {place(span) for span in trace_of_the_reply(receiver)}
        return found >= {*PARENTS, CAPTURE, *WRITES.items()}

    with reaped(traced.start("capture", "--root", tmp_path / "state")):
        wait_until(is_followed, "a span of the header")
        write(path, reply(), append=True)
        wait_until(is_whole, "the spans of the reply in every store")

    spans = trace_of_the_reply(receiver)
    by_id = {span.span_id: place(span) for span in spans}
    assert {place(span): by_id.get(span.parent_id) for span in spans if span.kind != "CLIENT"} == {
        CAPTURE: None,
        **PARENTS,
    }
    assert {place(span) for span in spans if span.kind == "CLIENT"} == set(WRITES.items())
    assert all(by_id[span.parent_id][0] == place(span)[0] for span in spans if span.kind == "CLIENT")
    assert SAID not in repr(receiver.spans)

    # What the records carry changes nothing of what is proved and given back.
    assert not differences(traced.verify(session_id))
    done = traced.run("export", session_id, "--output", tmp_path / "exported")
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "exported").read_bytes() == path.read_bytes()
