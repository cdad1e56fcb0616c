"""What OpenSearch Dashboards shows is what SQL on PostgreSQL says; and so is what the cookbook finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bench.corpus import generate
from sessiontrack.settings import Settings
from tests.dql import query_of
from tests.saved_objects import Row, request_of, rows_of, saved_objects, view_of
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import PATIENCE_S

PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
_RECIPE = re.compile(
    r"^### ([^\n]+)\n.*?Data view `(\S+)`:\s+```dql\n(.*?)\n```\s+```http\n(.*?)\n```\s+```sql\n(.*?)\n```",
    re.MULTILINE | re.DOTALL,
)
RECIPES = {title: rest for title, *rest in _RECIPE.findall(PAGE.read_text("utf-8"))}

_DAY = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
_COST = "sum(cost_nanousd) / 1e9"
_MODEL_CALLS = "FROM messages WHERE model_call AND NOT inherited"
_TOOL_CALLS = "FROM tool_calls WHERE NOT inherited"
_USERS = "FROM messages WHERE origin = 'USER' AND NOT inherited"
_TOOL_CALLS_OF_SESSION = "(SELECT sum((used->>'calls')::bigint) FROM jsonb_array_elements(tool_invocations) used)"

SQL = {
    "sessions": "SELECT count(*), sum(message_count) FROM sessions",
    "what-people-wrote": f"SELECT count(*) {_USERS}",
    "longest-session": "SELECT max(extract(epoch FROM last_activity_at - created_at) * 1000) FROM sessions",
    "messages-by-day-and-role": (
        f"SELECT {_DAY.format('timestamp')}, role, count(*) FROM messages WHERE NOT inherited GROUP BY 1, 2"
    ),
    "sessions-by-channel": "SELECT channel, count(*) FROM sessions WHERE channel IS NOT NULL GROUP BY 1",
    "sessions-by-agent": "SELECT agent_id, count(*) FROM sessions WHERE agent_id IS NOT NULL GROUP BY 1",
    "projects": (
        f"SELECT project, count(*), sum(message_count), sum(coalesce({_TOOL_CALLS_OF_SESSION}, 0)) FROM sessions"
        " WHERE project IS NOT NULL GROUP BY 1"
    ),
    "what-people-said": f"SELECT message_id::text {_USERS}",
    "tool-calls": f"SELECT count(*) {_TOOL_CALLS}",
    "failed-tool-calls": f"SELECT count(*) {_TOOL_CALLS} AND outcome = 'failed'",
    "failed-model-calls": f"SELECT count(*) {_MODEL_CALLS} AND stop_reason = 'error'",
    "tools-by-outcome": f"SELECT name, outcome, count(*) {_TOOL_CALLS} GROUP BY 1, 2",
    "failed-tool-calls-by-day": (
        f"SELECT {_DAY.format('started_at')}, name, count(*) {_TOOL_CALLS} AND outcome = 'failed' GROUP BY 1, 2"
    ),
    "how-long-tools-take": (
        f"SELECT name, count(*), avg(duration_ms), max(duration_ms) {_TOOL_CALLS}"
        " AND duration_ms IS NOT NULL GROUP BY 1"
    ),
    "model-errors": f"SELECT provider, model, count(*) {_MODEL_CALLS} AND stop_reason = 'error' GROUP BY 1, 2",
    "tool-calls-that-failed": f"SELECT tool_call_id::text {_TOOL_CALLS} AND outcome = 'failed'",
    "sessions-with-trouble": "SELECT session_id FROM sessions WHERE error_count > 0",
    "cost": f"SELECT {_COST} {_MODEL_CALLS}",
    "tokens": f"SELECT sum(total_tokens) {_MODEL_CALLS}",
    "model-calls": f"SELECT count(*) {_MODEL_CALLS}",
    "cost-by-day-and-model": (
        f"SELECT {_DAY.format('timestamp')}, model, {_COST} {_MODEL_CALLS} AND model IS NOT NULL GROUP BY 1, 2"
    ),
    "cost-by-channel": f"SELECT channel, {_COST} {_MODEL_CALLS} AND channel IS NOT NULL GROUP BY 1",
    "tokens-by-agent": f"SELECT agent_id, sum(total_tokens) {_MODEL_CALLS} AND agent_id IS NOT NULL GROUP BY 1",
    "dearest-sessions": (
        "SELECT session_id, cost_nanousd / 1e9, total_tokens FROM sessions"
        " ORDER BY cost_nanousd DESC, session_id LIMIT 20"
    ),
    "models": (
        f"SELECT provider, model, {_COST}, count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens)"
        f" {_MODEL_CALLS} AND provider IS NOT NULL AND model IS NOT NULL GROUP BY 1, 2"
    ),
    "model-calls-that-ended-in-an-error": f"SELECT message_id::text {_MODEL_CALLS} AND stop_reason = 'error'",
}
SHOWN = {
    saved["id"].removeprefix("sessiontrack-"): saved
    for saved in saved_objects("search") + saved_objects("visualization")
}


@pytest.fixture(scope="module")
def history(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of stores that hold some dozens of sessions, all alike."""
    folder = tmp_path_factory.mktemp("dashboards") / "clawdbot"
    generate(folder, 60, seed=11)
    pipeline.capture(folder)
    assert not differences(pipeline.verify())
    with httpx.Client(base_url=pipeline.settings.opensearch.url, timeout=PATIENCE_S) as client:
        client.post(f"/{pipeline.settings.opensearch.index_prefix}-*/_refresh").raise_for_status()
    return pipeline.settings


def test_nothing_that_is_shown_is_left_out() -> None:
    assert SHOWN.keys() == SQL.keys()


@pytest.mark.parametrize("name", SQL)
def test_dashboards_shows_what_sql_says(history: Settings, name: str) -> None:
    saved = SHOWN[name]
    found = rows_of(saved, _ask(history, f"/{view_of(saved)}/_search", request_of(saved)))
    assert found
    figures, expected = _figures(found), _figures(_select(history, SQL[name]))
    assert figures.keys() == expected.keys()
    for names, numbers in expected.items():
        # Those of OpenSearch are doubles, those of SQL exact.
        assert figures[names] == pytest.approx(numbers, rel=1e-9)


def test_there_is_a_cookbook() -> None:
    assert len(RECIPES) >= 8


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_finds_the_same_in_all_three_languages(history: Settings, title: str) -> None:
    view, dql, request, sql = RECIPES[title]
    first, _, body = request.partition("\n")
    path = first.removeprefix("POST ")
    assert path == f"/{view}/_search"
    by_dql = _ask(history, path, {"query": query_of(dql), "size": 10_000})
    by_dsl = _ask(history, path, {**json.loads(body), "size": 10_000})
    expected = {str(key) for (key,) in _select(history, sql)}
    assert expected
    assert _ids(by_dql) == _ids(by_dsl) == expected


def _ids(answer: Mapping[str, Any]) -> set[str]:
    return {hit["_id"] for hit in answer["hits"]["hits"]}


def _figures(rows: Iterable[Row]) -> dict[tuple[str, ...], list[float]]:
    """The numbers of each row, by the names in it."""
    return {
        tuple(value for value in row if isinstance(value, str)): [
            float(value) for value in row if not isinstance(value, str)
        ]
        for row in rows
    }


def _select(settings: Settings, sql: str) -> list[Row]:
    with psycopg.connect(settings.postgres.dsn) as connection:
        return [tuple(row) for row in connection.execute(sql.encode()).fetchall()]


def _ask(settings: Settings, path: str, body: Mapping[str, Any]) -> Any:
    with httpx.Client(base_url=settings.opensearch.url, timeout=PATIENCE_S) as client:
        answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
