"""What is refused before a store is asked: other names, other sites, no token, too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from structlog.testing import capture_logs

from api.app import create_app
from api.guard import check_settings
from api.pages import Pages
from api.services import Services
from sessiontrack.errors import UsageError
from sessiontrack.settings import ApiSettings, Settings
from sessiontrack.telemetry.api_metrics import ApiMetrics

TOKEN = "a token that nobody guesses"


def app(tmp_path: Path, **settings: Any) -> FastAPI:
    """An app of which nothing has started: stores are away."""
    away = Settings(data_dir=tmp_path, api=ApiSettings(**settings))
    away.postgres.port = 1
    away.opensearch.url = "http://127.0.0.1:1"
    return create_app(Services(away, ApiMetrics(), asyncio.Event()))


async def ask(
    app: FastAPI, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, **more: Any
) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        return await client.request(method, path, headers=headers, **more)


def is_problem(answer: httpx.Response, status: int) -> bool:
    told = answer.json()
    typed = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code == told["status"] == status and typed and bool(told["hint"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "[::1]:8765"}, 200),
        ({"Host": "api.example:8765"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:8765"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://127.0.0.1:8765"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
    ids=str,
)
async def test_pages_of_other_sites_are_refused(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    answer = await ask(app(tmp_path, hosts=["api.example"]), "/v1/health/live", headers=headers)
    assert answer.status_code == status
    assert status == 200 or is_problem(answer, status)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 404),
        ("/", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ("/", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403),
        ("/v1/health/live", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ],
)
async def test_a_link_on_another_site_opens_a_page_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], status: int
) -> None:
    monkeypatch.setattr("api.app.Pages", lambda: Pages(tmp_path))
    answer = await ask(app(tmp_path, token=SecretStr(TOKEN)), path, headers=headers | {"Sec-Fetch-Site": "cross-site"})
    assert is_problem(answer, status)


@pytest.mark.parametrize("given", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", "Bearer ä"])
async def test_a_token_that_is_set_is_asked_for(tmp_path: Path, given: str | None) -> None:
    guarded = app(tmp_path, token=SecretStr(TOKEN))
    headers = {"Authorization": given.encode()} if given else {}
    answer = await ask(guarded, "/v1/openapi.json", headers=headers)  # type: ignore[arg-type]
    assert is_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await ask(guarded, "/v1/health/live")).status_code == 200
    known = await ask(guarded, "/v1/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
    assert known.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "api.example"])
def test_no_other_address_without_a_token(host: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_settings(ApiSettings(host=host))
    assert "SESSIONTRACK_API__TOKEN" in (refused.value.hint or "")
    check_settings(ApiSettings(host=host, token=SecretStr(TOKEN)))
    with pytest.raises(UsageError):
        check_settings(ApiSettings(host=host, token=SecretStr("short")))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_this_machine_needs_none(host: str) -> None:
    check_settings(ApiSettings(host=host))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/sessions/", 404),
        ("DELETE", "/v1/sessions", 405),
        ("GET", "/v1/sessions?limit=0", 422),
        ("GET", "/v1/sessions?agnet=main", 422),
        ("GET", "/v1/search", 422),
        ("GET", "/v1/search?q=", 400),
        ("GET", "/v1/sessions?after=x", 400),
        ("GET", "/v1/verify", 404),
        ("GET", "/v1/sessions", 503),
        ("GET", "/v1/search?q=word", 503),
        ("GET", "/v1/sessions/a%00b", 422),
    ],
)
async def test_every_error_is_a_problem(tmp_path: Path, method: str, path: str, status: int) -> None:
    answer = await ask(app(tmp_path), path, method)
    assert is_problem(answer, status), answer.text
    if status == 405:
        assert answer.headers["allow"] == "GET"
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0


async def test_what_nobody_expects_is_a_problem_that_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("api.routes.sessions.list_sessions", broken)
    answer = await ask(app(tmp_path), "/v1/sessions")
    assert is_problem(answer, 500)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"events": []}', b"9" * 5_000, b'{"events": [{"kind": "line"}]}', b"\xff"], ids=len
)
async def test_a_body_that_is_no_batch_is_refused(tmp_path: Path, body: bytes) -> None:
    answer = await ask(app(tmp_path), "/v1/events", "POST", {"Content-Type": "application/json"}, content=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("stated", [True, False])
async def test_a_body_that_is_too_large_is_refused(tmp_path: Path, stated: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b" " * 512

    content: Any = b" " * 2048 if stated else pieces()
    headers = {"Content-Type": "application/json"}
    answer = await ask(app(tmp_path, body_bytes=1024), "/v1/events", "POST", headers, content=content)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_more_at_once_than_the_bound_is_told_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(*_: Any) -> list[Any]:
        arrived.set()
        await go.wait()
        return []

    monkeypatch.setattr("api.routes.state.watermarks", slow)
    monkeypatch.setattr("api.routes.state.group_positions", slow)
    busy = app(tmp_path, requests=1)
    first = asyncio.create_task(ask(busy, "/v1/status"))
    await arrived.wait()
    assert is_problem(await ask(busy, "/v1/status"), 503)
    assert (await ask(busy, "/v1/health/live")).status_code == 200
    go.set()
    assert (await first).status_code == 200
    assert (await ask(busy, "/v1/status")).status_code == 200


async def test_the_log_and_the_metrics_tell_no_query(tmp_path: Path) -> None:
    metrics = ApiMetrics()
    settings = Settings(data_dir=tmp_path)
    settings.postgres.port = 1
    with capture_logs() as lines:
        await ask(create_app(Services(settings, metrics, asyncio.Event())), "/v1/sessions?agent=ada&limit=1000")
        await ask(create_app(Services(settings, metrics, asyncio.Event())), "/v1/sessions/ada")
    told = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in told] == [
        ("/v1/sessions", 422),
        ("/v1/sessions/{session_id}", 503),
    ]
    assert "ada" not in str(lines)
    labels = {"method": "GET", "route": "/v1/sessions", "status": "422"}
    assert metrics.registry.get_sample_value("sessiontrack_api_requests_total", labels) == 1
