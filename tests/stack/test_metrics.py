"""A real Prometheus that asks everything that runs: each panel of each dashboard shows something."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.corpus import generate
from infra.grafana.pages import DASHBOARDS
from infra.prometheus.config import write_native_config
from infra.stack import ports
from infra.workers import PIPELINE
from sessiontrack.settings import Settings
from sessiontrack.telemetry.targets import TARGETS_FOLDER
from tests.prometheus import prometheus_program, rules
from tests.records import message
from tests.stack.embedding import Worker, gemini
from tests.stack.pipeline import Pipeline
from tests.stack.serving import serving
from tests.stack.streaming import Log
from tests.stack.waiting import reaped, wait_until
from tests.unit.sessiontrack.providers.model_server import serve_models

pytestmark = pytest.mark.timeout(300)

QUERIES = sorted({query.expr for each in DASHBOARDS for panel in each.panels for query in panel.queries})
RECORDED = [rule["record"] for rule in rules("recording")]
SOURCES = {*PIPELINE, "api", "capture", "embed"}


class Prometheus:
    """A running Prometheus.

    Args:
        address: Its URL.
    """

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def values(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series, those left out that are no number."""
        answer = self._client.get("/api/v1/query", params={"query": expr}).json()
        assert answer["status"] == "success", answer
        found = [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]]
        return [(labels, value) for labels, value in found if not math.isnan(value)]

    def sources(self) -> set[str]:
        """Workers that answer it."""
        return {labels["worker"] for labels, value in self.values("up") if value == 1}

    def rules(self) -> list[dict[str, Any]]:
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


@contextmanager
def running_prometheus(settings: Settings, folder: Path, targets: Sequence[Path]) -> Iterator[Prometheus]:
    """Runs Prometheus with the configuration that `up` writes, in a hurry.

    Args:
        settings: Of the stack.
        folder: For its data.
        targets: Folders that have the addresses of more workers.
    """
    config = json.loads(write_native_config(settings.data_dir).read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    [discovery] = config["scrape_configs"][0]["file_sd_configs"]
    for each in targets:
        # Prometheus watches no folder that comes later.
        (each / TARGETS_FOLDER).mkdir(exist_ok=True)
        discovery["files"].append(str(each / TARGETS_FOLDER / "*.json"))
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config), "utf-8")
    address = f"{ports.LOOPBACK}:{ports.choose(1)[0]}"
    command = [
        str(prometheus_program("prometheus")),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with (
        (folder / "log").open("wb") as log,
        reaped(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)) as process,
    ):
        prometheus = Prometheus(f"http://{address}")

        def is_ready() -> bool:
            assert process.poll() is None, (folder / "log").read_text("utf-8")
            return prometheus.is_ready()

        with closing(prometheus):
            wait_until(is_ready, "Prometheus")
            yield prometheus


@contextmanager
def embedding(settings: Settings, folder: Path) -> Iterator[None]:
    """Runs the worker `embed` on topics of its own, with a provider that has a quota, and gives it something to do."""
    log = Log(settings)
    with serve_models() as models, (folder / "log").open("wb") as output:
        worker = Worker(log, folder, output)
        try:
            with reaped(worker.start(**gemini(models, requests_per_day=1_000))):
                asyncio.run(log.append_messages([message(message_id="m", session_id="s", text="How?", timestamp=1)]))
                yield
        finally:
            asyncio.run(log.close())


@pytest.fixture(scope="module")
def prometheus(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that asks the workers, a capture, the API and the worker that embeds, which all have work."""
    transcripts, embed, own = (tmp_path_factory.mktemp(name) for name in ("transcripts", "embed", "prometheus"))
    with ExitStack() as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SESSIONTRACK_CAPTURE__ROOTS", json.dumps([str(transcripts)]))
        running.enter_context(reaped(pipeline.start("capture")))
        api, _ = running.enter_context(serving(pipeline))
        running.enter_context(embedding(pipeline.settings, embed))
        prometheus = running.enter_context(running_prometheus(pipeline.settings, own, [embed]))
        wait_until(lambda: prometheus.sources() >= SOURCES, f"answers of {sorted(SOURCES)} to Prometheus")
        corpus = generate(transcripts, 12, seed=23)
        (transcripts / "agents" / "main" / "sessions" / "notes.jsonl").write_text("no transcript\n", "utf-8")
        session = f"{api}/v1/sessions/{corpus.sessions[0].session_id}"

        def is_asked_for() -> bool:
            # A series has a rate when it has grown: the first request is not enough.
            found = httpx.get(session, trust_env=False).status_code == 200
            return found and bool(prometheus.values("route:api_request_seconds:p95_rate5m"))

        wait_until(is_asked_for, "a captured session, and how long it takes to read it")
        yield prometheus


@pytest.mark.parametrize("expr", QUERIES)
def test_no_panel_is_empty(prometheus: Prometheus, expr: str) -> None:
    wait_until(lambda: bool(prometheus.values(expr)), f"an answer to {expr}")


@pytest.mark.parametrize("name", RECORDED)
def test_every_rule_records_something(prometheus: Prometheus, name: str) -> None:
    wait_until(lambda: bool(prometheus.values(name)), f"values of {name}")


def test_no_rule_fails(prometheus: Prometheus) -> None:
    wait_until(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()), "all rules evaluated")
    assert {rule["name"]: rule.get("lastError") for rule in prometheus.rules() if rule["health"] != "ok"} == {}
