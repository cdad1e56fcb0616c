"""What an operator sees and does in the dashboard, over the API of the real pipeline."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from infra.workers import start_workers, stop_workers
from sessiontrack.settings import Settings
from tests.stack.pipeline import Pipeline
from tests.stack.serving import serving
from tests.stack.test_api import get, problem
from tests.stack.test_dead_letters import COUNT, capture, refusing_postgres
from tests.stack.waiting import PATIENCE_S, wait_until


@pytest.fixture(scope="module")
def api(pipeline: Pipeline) -> Iterator[httpx.Client]:
    """A client of the API of the pipeline."""
    with serving(pipeline) as (address, _), httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        yield client


@contextmanager
def archive_behind(settings: Settings, pipeline: Pipeline, folder: Path) -> Iterator[None]:
    """While this lasts, the archive has something to do and does nothing: who waits for it waits."""
    stop_workers(settings, ["archive"])
    try:
        capture(pipeline, folder, str(uuid4()))
        yield
    finally:
        start_workers(settings, ["archive"])


def started(api: httpx.Client, **request: Any) -> int:
    answer = api.post("/v1/tasks", json=request)
    assert answer.status_code == 202, answer.text
    task = answer.json()
    assert task["state"] == "running"
    number: int = task["id"]
    return number


def ended(api: httpx.Client, number: int) -> dict[str, Any]:
    """A task when it has ended."""
    task: dict[str, Any] = {}

    def is_over() -> bool:
        task.update(get(api, f"/v1/tasks/{number}"))
        return bool(task["state"] != "running")

    wait_until(is_over, f"the end of task {number}")
    return task


def test_workers_and_servers_are_told_of(api: httpx.Client, captured: str) -> None:
    workers = {each["worker"]: each for each in get(api, "/v1/workers")["workers"]}
    assert workers.keys() == {"streams", "archive", "postgres", "opensearch"}
    assert {each["state"] for each in workers.values()} == {"running"}
    assert all(each["committed"] > 0 and each["resident_bytes"] > 0 for each in workers.values())
    findings = get(api, "/v1/servers")["findings"]
    assert {each["check"] for each in findings} >= {"broker", "registry", "object store", "postgres", "opensearch"}
    assert not [each for each in findings if each["level"] == "wrong"]


def test_stores_say_how_much_they_hold(api: httpx.Client, captured: str) -> None:
    found = get(api, "/v1/storage")
    assert found["away"] == []
    assert found["transcript_bytes"] > 0
    held = {(each["store"], each["name"]): each["bytes"] for each in found["parts"]}
    assert held["archive", "segments and manifests"] > 0
    assert held["postgres", "messages"] > 0
    assert {store for store, _ in held} == {"archive", "postgres", "opensearch"}


def test_dead_letters_are_looked_at_redriven_and_given_up(
    api: httpx.Client, pipeline: Pipeline, tmp_path: Path
) -> None:
    session_id = str(uuid4())
    before = {each["key"] for each in get(api, "/v1/dead-letters", group="postgres", limit=1000)["letters"]}

    def letters() -> list[dict[str, Any]]:
        found = get(api, "/v1/dead-letters", group="postgres", limit=1000)["letters"]
        return [each for each in found if each["key"] not in before]

    with refusing_postgres(pipeline.settings, session_id):
        capture(pipeline, tmp_path, session_id)
        wait_until(lambda: len(letters()) == COUNT, "the dead letters")
    first, *others = letters()
    shown = get(api, f"/v1/dead-letters/{first['group']}/{first['record_id']}")
    assert shown["record"]["session_id"] == session_id
    assert shown["letter"] == first
    redriven = ended(api, started(api, kind="redrive", keys=[first["key"]]))
    assert redriven["result"] == {"processed": 1, "overtaken": 0, "refused": 0, "refusals": []}
    given_up = ended(api, started(api, kind="discard", keys=[each["key"] for each in others]))
    assert given_up["result"] == {"discarded": len(others)}
    assert letters() == []
    discarded = {each["key"] for each in get(api, "/v1/dead-letters", discarded="true", limit=1000)["letters"]}
    assert {each["key"] for each in others} <= discarded
    again = ended(api, started(api, kind="redrive", keys=[first["key"]]))
    assert (again["state"], again["result"]) == ("failed", None)
    assert again["problem"]["hint"]
    problem(api.get("/v1/dead-letters/sessiontrack.postgres/nobody/s"), 404)


def test_a_verify_tells_what_it_found(api: httpx.Client, pipeline: Pipeline, captured: str) -> None:
    task = ended(api, started(api, kind="verify"))
    assert task["state"] == "done", task["problem"]
    assert task["result"]["equal"]
    stores = {check["store"] for check in task["result"]["checks"]}
    assert stores >= {"archive", "postgres", "opensearch"}
    assert get(api, "/v1/tasks")["tasks"][0] == task


def test_a_rebuild_tells_how_far_it_is_and_what_it_came_to(
    api: httpx.Client, pipeline: Pipeline, captured: str
) -> None:
    task = ended(api, started(api, kind="rebuild", what="opensearch"))
    assert task["state"] == "done", task["problem"]
    assert task["result"]["read"] > 0
    assert sum(task["result"]["records"].values()) > 0
    assert task["doing"]


def test_one_runs_at_a_time_and_can_be_stopped(api: httpx.Client, pipeline: Pipeline, tmp_path: Path) -> None:
    with archive_behind(pipeline.settings, pipeline, tmp_path):
        number = started(api, kind="verify", full=True)
        wait_until(lambda: get(api, f"/v1/tasks/{number}")["left"], "what it waits for")
        assert problem(api.post("/v1/tasks", json={"kind": "verify"}), 503)["hint"]
        assert api.post(f"/v1/tasks/{number}/stop").json()["state"] == "stopped"
        assert api.post(f"/v1/tasks/{number}/stop").json()["state"] == "stopped"
    assert ended(api, started(api, kind="verify"))["state"] == "done"
    problem(api.post("/v1/tasks/999/stop"), 404)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_a_task_ends_with_its_server(pipeline: Pipeline, tmp_path: Path, how: signal.Signals) -> None:
    with (
        archive_behind(pipeline.settings, pipeline, tmp_path),
        serving(pipeline) as (address, process),
        httpx.Client(base_url=address, timeout=PATIENCE_S) as client,
    ):
        number = started(client, kind="verify", full=True)
        wait_until(lambda: get(client, f"/v1/tasks/{number}")["left"], "what it waits for")
        (child,) = psutil.Process(process.pid).children()
        process.send_signal(how)
        process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs([child], PATIENCE_S)
        assert not alive


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"kind": "erase"},
        {"kind": "rebuild", "what": "everything"},
        {"kind": "redrive", "keys": []},
        {"kind": "verify", "quickly": True},
    ],
    ids=str,
)
def test_what_is_no_task_is_refused(api: httpx.Client, request_: dict[str, Any]) -> None:
    problem(api.post("/v1/tasks", json=request_), 422)


def test_a_page_of_another_site_starts_nothing(api: httpx.Client) -> None:
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    problem(api.post("/v1/tasks", json={"kind": "verify"}, headers=foreign), 403)
