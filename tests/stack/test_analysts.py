"""The questions of docs/analysts.md: OpenSearch answers each as PostgreSQL does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bench.corpus import generate
from sessiontrack.settings import Settings
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import PATIENCE_S

PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
_QUESTION = re.compile(r"^## (\d+)\. [^\n]+\n.*?```http\n(.*?)\n```\s+```sql\n(.*?)\n```", re.MULTILINE | re.DOTALL)
QUESTIONS = {int(number): (request, sql) for number, request, sql in _QUESTION.findall(PAGE.read_text("utf-8"))}

Row = tuple[Any, ...]


def _hits(*fields: str) -> Callable[[Any], Iterable[Row]]:
    def rows(answer: Any) -> Iterable[Row]:
        return [tuple(hit["_source"][field] for field in fields) for hit in answer["hits"]["hits"]]

    return rows


def _ids(answer: Any) -> Iterable[Row]:
    return [(hit["_id"],) for hit in answer["hits"]["hits"]]


def _buckets(parent: Any, name: str) -> Any:
    return parent[name]["buckets"]


ROWS: dict[int, Callable[[Any], Iterable[Row]]] = {
    1: lambda a: [(b["key"], b["doc_count"], b["failed"]["doc_count"]) for b in _buckets(a["aggregations"], "tools")],
    2: lambda a: [(b["key"], b["doc_count"], b["longest"]["value"]) for b in _buckets(a["aggregations"], "tools")],
    3: lambda a: [
        (day["key_as_string"], b["key"], b["doc_count"], b["cost_nanousd"]["value"])
        for day in _buckets(a["aggregations"], "days")
        for b in _buckets(day, "models")
    ],
    4: lambda a: [
        (channel["key"], b["key"], b["doc_count"], b["tokens"]["value"])
        for channel in _buckets(a["aggregations"], "channels")
        for b in _buckets(channel, "agents")
    ],
    5: _ids,
    6: _ids,
    7: lambda a: [(b["key_as_string"], b["doc_count"]) for b in _buckets(a["aggregations"], "hours")],
    8: _hits("session_id", "error_count"),
    9: _ids,
    10: lambda a: [
        (
            b["key"]["provider"],
            b["key"]["model"],
            b["doc_count"],
            *(b[name]["value"] for name in ("input", "output", "cached")),
            b["errors"]["doc_count"],
        )
        for b in _buckets(a["aggregations"], "models")
    ],
}


@pytest.fixture(scope="module")
def history(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of stores that hold some dozens of sessions, all alike."""
    folder = tmp_path_factory.mktemp("analysts") / "clawdbot"
    generate(folder, 60, seed=11)
    pipeline.capture(folder)
    assert not differences(pipeline.verify())
    with httpx.Client(base_url=pipeline.settings.opensearch.url, timeout=PATIENCE_S) as client:
        client.post(f"/{pipeline.settings.opensearch.index_prefix}-*/_refresh").raise_for_status()
    return pipeline.settings


def test_the_page_asks_ten_questions() -> None:
    assert sorted(QUESTIONS) == list(range(1, 11)) == sorted(ROWS)


@pytest.mark.parametrize("number", ROWS, ids=str)
def test_both_stores_give_the_same_answer(history: Settings, number: int) -> None:
    request, sql = QUESTIONS[number]
    found = set(ROWS[number](_ask(history, request)))
    with psycopg.connect(history.postgres.dsn) as connection:
        expected = {tuple(row) for row in connection.execute(sql.encode()).fetchall()}
    assert found
    assert found == expected


def test_every_document_of_a_model_call_says_what_it_cost_and_where(history: Settings) -> None:
    answer = _ask(history, "GET /sessiontrack-model-calls/_search?q=total_tokens:>0&size=20")
    for hit in answer["hits"]["hits"]:
        assert hit["_source"].keys() >= {
            "session_id",
            "agent_id",
            "provider",
            "model",
            "total_tokens",
            "cost_usd",
        }


def _ask(settings: Settings, request: str) -> Any:
    first, _, body = request.partition("\n")
    method, _, path = first.partition(" ")
    with httpx.Client(base_url=settings.opensearch.url, timeout=PATIENCE_S) as client:
        answer = client.request(method, path, json=json.loads(body) if body else None)
    assert answer.status_code == 200, answer.text
    return answer.json()
