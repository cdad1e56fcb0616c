"""The files of the dashboard, as they are served."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.pages import Pages

SCRIPT = "document.documentElement.dataset.theme = 'dark'"
PAGE = f"<!doctype html><script>{SCRIPT}</script><script src='/_next/static/a1.js'></script>" + "<p>text</p>" * 100
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    files = {
        "index.html": PAGE,
        "session.html": PAGE,
        "404.html": "there is no such page",
        "session.txt": "1:",
        "_next/static/a1.js": "let a = 1;",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return TestClient(Starlette(routes=[Pages(tmp_path)]))


@pytest.mark.parametrize("path", ["/", "/session", "/session?id=0b5e&entry=12"])
def test_a_page_is_found_by_its_address_alone(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_only_the_scripts_that_were_built_may_run(client: TestClient) -> None:
    policy = dict(each.strip().split(" ", 1) for each in client.get("/").headers["content-security-policy"].split(";"))
    digest = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_what_has_its_digest_in_its_name_is_kept_for_ever(client: TestClient) -> None:
    assert "immutable" in client.get("/_next/static/a1.js").headers["cache-control"]


def test_what_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_compressed_for_those_who_take_it(client: TestClient) -> None:
    with client.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent).decode() == PAGE
    assert "content-encoding" not in client.get("/", headers={"Accept-Encoding": "identity"}).headers


@pytest.mark.parametrize("path", ["/nowhere", "/../pyproject.toml", "/_next", "/session/"])
def test_a_person_is_told_that_there_is_no_such_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.text) == (404, "there is no such page")
    assert client.get(path, headers={"Accept": "*/*"}).text != answer.text


def test_where_nothing_is_built_it_says_how(tmp_path: Path) -> None:
    answer = TestClient(Starlette(routes=[Pages(tmp_path / "none")])).get("/", headers=BROWSER)
    assert answer.status_code == 404
    assert "make web" in answer.json()["hint"]
