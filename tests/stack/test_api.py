"""The HTTP API on the real pipeline, as `sessiontrack serve` runs it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import connect

from examples.client import Client
from tests.stack.pipeline import Pipeline
from tests.stack.serving import serving
from tests.stack.waiting import PATIENCE_S
from tests.unit.producers.clawdbot.writing import header, message


@pytest.fixture(scope="module")
def api(pipeline: Pipeline) -> Iterator[httpx.Client]:
    """A client of the API of the pipeline."""
    with serving(pipeline) as (address, _), httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        yield client


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["detail"]
    return told


def lines_of(session_id: str, count: int = 2) -> list[str]:
    raw = [header(session_id), *(message(number, f"line {number}") for number in range(1, count))]
    return [each.decode().rstrip("\n") for each in raw]


def sent(session_id: str, *lines: str, after: str | None = None) -> dict[str, Any]:
    first = {"kind": "line", "session_id": session_id, "line": lines[0], "after": after}
    return {"events": [first, *({"kind": "line", "session_id": session_id, "line": each} for each in lines[1:])]}


def test_sessions_are_those_of_the_command_page_by_page(api: httpx.Client, pipeline: Pipeline, captured: str) -> None:
    expected = pipeline.json("sessions", "--limit", "6")["sessions"]
    first = get(api, "/v1/sessions", limit=3)
    second = get(api, "/v1/sessions", limit=3, after=first["next"])
    found = first["sessions"] + second["sessions"]
    assert all(each.pop("opening") or each["title"] for each in found)
    assert found == expected
    agent = expected[0]["agent_id"]
    assert {each["agent_id"] for each in get(api, "/v1/sessions", agent=agent)["sessions"]} == {agent}


def test_sessions_with_errors_are_asked_for(api: httpx.Client) -> None:
    everything = get(api, "/v1/sessions", limit=200)["sessions"]
    failed = get(api, "/v1/sessions", limit=200, failed="any")["sessions"]
    assert failed
    assert failed == [each for each in everything if each["error_count"] > 0]


def test_a_session_without_a_title_is_called_by_what_was_said_first(api: httpx.Client) -> None:
    for session in get(api, "/v1/sessions", limit=200)["sessions"]:
        if session["title"] is not None:
            assert session["opening"] is None
            continue
        messages = get(api, f"/v1/sessions/{session['session_id']}/messages", limit=200)["messages"]
        said = [each for each in messages if each["role"] == "user" and each["origin"] in ("USER", "UNKNOWN")]
        if said and not said[0]["inherited"]:
            assert session["opening"].removesuffix("…") in " ".join(said[0]["text"].split())


def test_a_session_its_messages_and_its_tree_agree(api: httpx.Client, pipeline: Pipeline, captured: str) -> None:
    document = pipeline.json("show", captured)
    assert get(api, f"/v1/sessions/{captured}")["total_tokens"] == document["total_tokens"]
    messages, after = [], None
    while True:
        page = get(api, f"/v1/sessions/{captured}/messages", limit=3, **({"after": after} if after else {}))
        messages += page["messages"]
        after = page["next"]
        if after is None:
            break
    assert [each["entry_id"] for each in messages] == [each["id"] for each in document["messages"]]
    whole = get(api, f"/v1/sessions/{captured}/tree")
    assert whole["missing_lines"] == 0
    begin = get(api, f"/v1/sessions/{captured}/tree", limit=2)
    rest = get(api, f"/v1/sessions/{captured}/tree", after=begin["next"])
    assert begin["entries"] + rest["entries"] == whole["entries"]
    said = {each["message_id"] for each in whole["entries"] if each["message_id"]}
    assert said <= {each["message_id"] for each in messages}
    assert any(entry["tool_calls"] for entry in whole["entries"])
    assert (whole["entries"][0]["line_number"], whole["entries"][0]["kind"]) == (1, "SESSION")


def test_the_tree_its_lines_and_the_transcript_say_the_same(
    api: httpx.Client, pipeline: Pipeline, captured: str
) -> None:
    tree = get(api, f"/v1/sessions/{captured}/tree")
    said: dict[str, Any] = {}
    after: dict[str, str] = {}
    while True:
        page = get(api, f"/v1/sessions/{captured}/entries", limit=7, **after)
        said |= {each["event_id"]: each for each in page["entries"]}
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    lines = pipeline.run("export", captured).stdout.splitlines(keepends=True)
    messages = {
        each["message_id"]: each for each in get(api, f"/v1/sessions/{captured}/messages", limit=200)["messages"]
    }
    for entry in tree["entries"]:
        line = said[entry["event_id"]]
        assert (line["line_number"], line["kind"]) == (entry["line_number"], entry["kind"])
        assert line["message"] == messages.get(entry["message_id"])
    some = tree["entries"][len(tree["entries"]) // 2]
    verbatim = api.get(f"/v1/sessions/{captured}/lines/{some['event_id']}", params={"wait": 15})
    assert verbatim.content == lines[some["line_number"] - 1]
    part = get(api, f"/v1/sessions/{captured}/entries", first=3, last=5)["entries"]
    assert {each["line_number"] for each in part} == {3, 4, 5}
    called = next(entry for entry in tree["entries"] if entry["tool_calls"])["tool_calls"][0]
    call = get(api, f"/v1/sessions/{captured}/tool-calls/{called['tool_call_id']}")
    assert call["arguments"].startswith(called["arguments"])
    assert (call["name"], call["outcome"]) == (called["name"], called["outcome"])
    problem(api.get(f"/v1/sessions/none/tool-calls/{called['tool_call_id']}"), 404)
    problem(api.get(f"/v1/sessions/{captured}/lines/{called['tool_call_id']}"), 404)


def test_each_generation_has_its_tree(api: httpx.Client, pipeline: Pipeline, tmp_path: Path) -> None:
    session_id = str(uuid4())
    file = tmp_path / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
    file.parent.mkdir(parents=True)
    for text in ("first", "second"):
        file.write_bytes(header(session_id) + message(1, text))
        pipeline.capture(tmp_path)
    assert not pipeline.verify(session_id).differences
    path = f"/v1/sessions/{session_id}/tree"
    now = get(api, path)
    assert [each["number"] for each in now["generations"] if each["current"]] == [2]
    begins = [[entry["begins"] for entry in get(api, path, generation=number)["entries"]] for number in (1, 2)]
    assert begins == [[None, "first"], [None, "second"]]
    assert now["entries"] == get(api, path, generation=2)["entries"]
    problem(api.get(path, params={"generation": 3}), 404)


def test_an_export_is_byte_for_byte_and_has_the_digest_as_its_tag(
    api: httpx.Client, pipeline: Pipeline, captured: str
) -> None:
    bytes_of = pipeline.run("export", captured).stdout
    answer = api.get(f"/v1/sessions/{captured}/export", params={"wait": 15})
    assert answer.content == bytes_of
    assert answer.headers["etag"] == f'"{sha256(bytes_of).hexdigest()}"'
    assert answer.headers["content-disposition"] == f'attachment; filename="{captured}.jsonl"'
    again = api.get(f"/v1/sessions/{captured}/export", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    generations = get(api, f"/v1/sessions/{captured}/generations")["generations"]
    assert generations == pipeline.json("export", captured, "--generations")
    problem(api.get(f"/v1/sessions/{captured}/export", params={"generation": "99"}), 404)


def test_search_is_that_of_the_command(api: httpx.Client, pipeline: Pipeline, captured: str) -> None:
    document = pipeline.json("show", captured)
    words = next(each["content"].split()[:3] for each in document["messages"] if len(each["content"].split()) > 3)
    query = f"{' '.join(words)} session:{captured}"
    found = get(api, "/v1/search", q=query, limit=5, mode="text")
    assert (found["mode"], found["notes"]) == ("text", [])
    assert all(hit.pop("explanation") is None for hit in found["hits"])
    assert all(hit.pop("opening") or hit["title"] for hit in found["hits"])
    assert found["hits"] == pipeline.json("search", query, "--limit", "5", "--mode", "text")
    if found["next"]:
        later = get(api, "/v1/search", q=query, limit=5, mode="text", cursor=found["next"])["hits"]
        assert not {hit["message_id"] for hit in later} & {hit["message_id"] for hit in found["hits"]}
    (session,) = get(api, "/v1/search", q=query, by="session", mode="text")["sessions"]
    assert session["session_id"] == captured
    assert session["passages"]
    (same,) = pipeline.json("search", query, "--by", "session", "--mode", "text")
    assert same["session_id"] == captured
    problem(api.get("/v1/search", params={"q": query, "by": "session", "cursor": "x"}), 400)
    roles = {each["value"] for each in get(api, "/v1/facets", q=" ".join(words))["facets"]["role"]}
    assert {hit["role"] for hit in found["hits"]} <= roles
    assert captured not in [each["session_id"] for each in get(api, f"/v1/sessions/{captured}/similar")["sessions"]]


def test_sums_are_those_of_the_sessions(api: httpx.Client, captured: str) -> None:
    agent = get(api, f"/v1/sessions/{captured}")["agent_id"]
    sessions = get(api, "/v1/sessions", agent=agent, limit=200)["sessions"]
    stats = get(api, "/v1/stats", agent=agent)
    assert stats["sessions"] == len(sessions)
    assert stats["messages"] == sum(each["message_count"] for each in sessions)
    assert stats["total_tokens"] == sum(each["total_tokens"] for each in sessions)
    calls = sum(tool["calls"] for each in sessions for tool in each["tool_invocations"])
    assert sum(tool["calls"] for tool in stats["tools"]) == calls


def test_a_read_that_has_not_changed_is_not_sent_again(api: httpx.Client, captured: str) -> None:
    answer = api.get(f"/v1/sessions/{captured}")
    again = api.get(f"/v1/sessions/{captured}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_proved_is_told(api: httpx.Client, pipeline: Pipeline, captured: str) -> None:
    assert not pipeline.verify().differences
    proved = get(api, "/v1/verify")
    assert {each["store"] for each in proved["datasets"]} == {"archive", "postgres", "opensearch"}
    assert proved["records"] > 0
    answer = api.post(f"/v1/sessions/{captured}/verify")
    assert answer.status_code == 200, answer.text
    assert answer.json()["equal"]
    workers = {each["worker"] for each in get(api, "/v1/status")["workers"]}
    assert workers == {"streams", "archive", "postgres", "opensearch"}


def test_a_program_sends_a_session_and_the_stores_have_it(api: httpx.Client, pipeline: Pipeline) -> None:
    session_id = f"sent-{uuid4()}"
    lines = lines_of(session_id, 4)
    first = api.post("/v1/events", json=sent(session_id, *lines[:2])).json()["receipts"]
    rest = api.post("/v1/events", json=sent(session_id, *lines[2:], after=first[-1]["after"])).json()["receipts"]
    again = api.post("/v1/events", json=sent(session_id, *lines)).json()["receipts"]
    ids = [each["event_id"] for each in first + rest]
    assert [each["event_id"] for each in again] == ids
    assert len(set(ids)) == 4
    assert not pipeline.verify(session_id).differences
    assert pipeline.run("export", session_id).stdout.decode() == "".join(f"{line}\n" for line in lines)
    assert len(get(api, f"/v1/sessions/{session_id}/messages")["messages"]) == 3


def test_what_is_refused_has_a_reason_and_the_rest_is_taken(api: httpx.Client) -> None:
    session_id, other = f"sent-{uuid4()}", f"sent-{uuid4()}"
    events = [
        *sent(session_id, "{}\n{}", "{}")["events"],
        {"kind": "context", "session_id": other, "channel": "telegram"},
        {"kind": "lifecycle", "session_id": other, "action": "ended", "at": "2026-03-01T12:00:00Z"},
        {"kind": "line", "session_id": other, "line": "{}", "after": "nonsense"},
    ]
    answer = api.post("/v1/events", json={"events": events})
    assert answer.status_code == 207
    receipts = answer.json()["receipts"]
    taken = [each["status"] != "refused" for each in receipts]
    assert taken == [False, False, True, True, False]
    assert [each["event_id"] is not None for each in receipts] == taken
    assert [each["reason"] is None for each in receipts] == taken


def test_a_websocket_takes_batches(api: httpx.Client) -> None:
    session_id = f"sent-{uuid4()}"
    lines = lines_of(session_id, 3)
    address = f"ws://{api.base_url.host}:{api.base_url.port}/v1/events"
    with connect(address, close_timeout=PATIENCE_S) as socket:
        socket.send(json.dumps(sent(session_id, *lines[:2])))
        (_, last) = json.loads(socket.recv(PATIENCE_S))["receipts"]
        socket.send("no batch")
        assert json.loads(socket.recv(PATIENCE_S))["status"] == 422
        socket.send(json.dumps(sent(session_id, lines[2], after=last["after"])))
        (receipt,) = json.loads(socket.recv(PATIENCE_S))["receipts"]
    assert [receipt["event_id"]] == [
        each["event_id"] for each in api.post("/v1/events", json=sent(session_id, *lines)).json()["receipts"][2:]
    ]


def read(lines: Iterator[str]) -> dict[str, str]:
    """The next event of a stream."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name and name != "retry":
            fields[name] = value
        elif not line and fields:
            return fields
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("of", ["one", "all"])
def test_a_reader_goes_on_where_he_was(api: httpx.Client, of: str) -> None:
    session_id = f"sent-{uuid4()}"
    lines = lines_of(session_id, 3)
    path = "/v1/live" if of == "all" else f"/v1/sessions/{session_id}/live"
    with api.stream("GET", path) as stream:
        told = stream.iter_lines()
        ready = read(told)
        assert ready["event"] == "ready"
        sent_first = api.post("/v1/events", json=sent(session_id, *lines)).json()["receipts"]
        first = read(told)
        assert json.loads(first["data"])["event_id"] == sent_first[0]["event_id"]
    for place, missed in ((ready["id"], sent_first), (first["id"], sent_first[1:])):
        with api.stream("GET", path, headers={"Last-Event-ID": place}) as stream:
            told = stream.iter_lines()
            read(told)
            assert [json.loads(read(told)["data"])["event_id"] for _ in missed] == [r["event_id"] for r in missed]
    problem(api.get(path, headers={"Last-Event-ID": "nonsense"}), 400)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("word " * 12_000, 400),
        ("(a+)+$ .*.*.*.* [[[[ {1,99999}", 200),
        ("\x01\x02 word \x7f", 200),
        ("\x00", 400),
        ('"""" ((( AND OR NOT ))) "unclosed', 200),
        ("-only -excluded", 200),
        ("*" * 4000, 400),
        ("a/b" * 1_000, 200),
    ],
    ids=["60 KB", "regex", "control characters", "NUL", "operators", "excluded", "stars", "path"],
)
def test_hostile_queries_are_answered_clearly(api: httpx.Client, captured: str, query: str, status: int) -> None:
    answer = api.get("/v1/search", params={"q": query})
    assert answer.status_code == status, answer.text
    if status != 200:
        assert problem(answer, status)["hint"]


def test_a_query_of_100_kb_is_told_that_it_is_too_long(api: httpx.Client) -> None:
    # httpx sends no address of that length.
    connection = HTTPConnection(api.base_url.host, api.base_url.port, timeout=PATIENCE_S)
    connection.request("GET", f"/v1/search?q={'a+' * 50_000}")
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["status"]) == (400, 400)
    connection.close()


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/v1/search", {"q": "word", "limit": "1000000"}, 422),
        ("/v1/search", {"q": "word", "offset": "1000000"}, 422),
        ("/v1/search", {"q": "word", "agent": "*a" * 500}, 400),
        ("/v1/search", {"q": "word", "since": "999999w"}, 200),
        ("/v1/search", {"q": "word", "since": "tomorrow, perhaps"}, 400),
        ("/v1/sessions", {"after": "bm9uc2Vuc2U"}, 400),
        ("/v1/sessions", {"agent": "a\x00b"}, 400),
        ("/v1/sessions", {"since": "999999w"}, 200),
        ("/v1/sessions/none", {}, 404),
        ("/v1/sessions/none/messages", {}, 404),
        ("/v1/sessions/none/tree", {}, 404),
        ("/v1/sessions/none/entries", {}, 404),
        ("/v1/sessions/none/lines/11111111-2222-4333-8444-555555555555", {}, 404),
        ("/v1/sessions/none/lines/word", {}, 422),
        ("/v1/sessions/none/similar", {}, 404),
        ("/v1/sessions/none/export", {}, 404),
        ("/v1/sessions/none/generations", {}, 404),
    ],
    ids=str,
)
def test_what_can_not_be_had_is_said(
    api: httpx.Client, captured: str, path: str, parameters: dict[str, str], status: int
) -> None:
    answer = api.get(path, params=parameters)
    if status == 200:
        assert answer.status_code == 200, answer.text
    else:
        problem(answer, status)


def test_it_ends_in_order_while_somebody_listens(pipeline: Pipeline) -> None:
    with serving(pipeline) as (address, process), httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        with client.stream("GET", "/v1/live") as stream:
            told = stream.iter_lines()
            assert read(told)["event"] == "ready"
            process.send_signal(signal.SIGTERM)
            assert read(told)["event"] == "closing"
        assert process.wait(PATIENCE_S) == 0


def test_the_client_of_the_examples(api: httpx.Client, captured: str) -> None:
    with Client(str(api.base_url).rstrip("/")) as client:
        assert captured in [each["session_id"] for each in client.sessions()]
        messages = list(client.messages(captured))
        assert [each["session_id"] for each in messages] == [captured] * len(messages)
        assert client.export(captured) == api.get(f"/v1/sessions/{captured}/export").content
        assert client.search("the", limit=3)
        session_id = f"sent-{uuid4()}"
        first = client.send(session_id, lines_of(session_id, 1))
        (second,) = client.send(session_id, ["{}"], first[-1]["after"])
        assert second["status"] in ("accepted", "spooled")
