"""What an operator does in the page."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Page, expect

from schemas.topics import EVENTS
from tests.stack.browser.conftest import PROBLEM, Dashboard, Look
from tests.stack.pipeline import Pipeline
from tests.stack.test_dead_letters import COUNT, capture, letters_of, refusing_postgres
from tests.stack.waiting import PATIENCE_S, until

CANCEL = re.compile("Cancel|Abbrechen")
REDRIVE = re.compile("^(Redrive|Erneut zustellen)$")
LONG_MS = PATIENCE_S * 1000
# Events of a transcript beside those of its messages.
ABOUT_THE_TRANSCRIPT = 2
GIVE_UP = re.compile("^(Give up|Aufgeben)$")


async def test_workers_and_servers_are_seen_in_the_language_of_the_reader(page: Page, look: Look) -> None:
    await page.goto("/operations")
    workers = page.get_by_role("table", name=re.compile("^Workers?$"))
    for name in ("streams", "archive", "postgres", "opensearch"):
        await expect(workers.get_by_role("row").filter(has_text=name).first).to_contain_text(re.compile("Ready|Bereit"))
    await expect(page.locator("main")).to_contain_text("Kafka")
    german = look.locale.startswith("de")
    servers = page.get_by_role("region", name="Server" if german else "Servers")
    await expect(servers.get_by_role("listitem")).to_have_count(8)
    told = "Antwortet unter" if german else "Answers at"
    await expect(servers.get_by_role("listitem").filter(has_text="PostgreSQL")).to_contain_text(told)


async def test_what_is_no_longer_answered_says_since_when_and_comes_back(page: Page, faults: list[str]) -> None:
    await page.goto("/operations")
    workers = page.get_by_role("region", name=re.compile("^Workers?$"))
    await expect(workers.get_by_role("table")).to_be_visible()
    await page.route("**/v1/workers", lambda route: route.fulfill(status=503, json=PROBLEM))
    told = workers.get_by_role("alert")
    await expect(told).to_contain_text(re.compile("(since|seit) [0-9]"))
    await expect(told).to_contain_text("PostgreSQL does not answer")
    await page.unroute("**/v1/workers")
    await expect(told).to_have_count(0)
    assert all("503" in fault for fault in faults)
    faults.clear()


async def test_a_verify_goes_on_when_nobody_looks(page: Page) -> None:
    await page.goto("/operations")
    await page.get_by_role("button", name=re.compile("^(Verify|Prüfen)$")).click()
    await page.goto("/sessions")
    await page.goto("/operations")
    latest = page.get_by_role("list", name=re.compile("Started|gestartet")).get_by_role("listitem").first
    await expect(latest).to_contain_text(re.compile("Every store holds|Jeder Speicher enthält"), timeout=LONG_MS)


async def test_what_changes_something_asks_before(page: Page, pipeline: Pipeline) -> None:
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    await page.goto("/operations")
    await page.get_by_role("button", name=re.compile("Rebuild …|Neu aufbauen …")).click()
    dialog = page.get_by_role("dialog", name=re.compile("OpenSearch"))
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name=re.compile("Rebuild …|Neu aufbauen …")).click()
    await dialog.get_by_role("button", name=CANCEL).click()
    await expect(dialog).to_have_count(0)
    assert posted == []


async def test_dead_letters_are_looked_at_redriven_and_given_up(
    page: Page, dashboard: Dashboard, pipeline: Pipeline, tmp_path: Path
) -> None:
    session_id = str(uuid4())

    async def standing() -> list[str]:
        found = await asyncio.to_thread(letters_of, pipeline.settings, "postgres", session_id, EVENTS)
        return [each.record_id for each in found]

    async def are_there() -> bool:
        return len(await standing()) == COUNT + ABOUT_THE_TRANSCRIPT

    # Of events: what is given up is given up for all tests, and those that compare stores look at what is in both.
    with refusing_postgres(pipeline.settings, session_id, "events"):
        await asyncio.to_thread(capture, pipeline, tmp_path, session_id)
        await until(are_there, "the dead letters")
    first, *others = await standing()
    await page.goto("/operations")
    letters = page.get_by_role("table", name=re.compile("Dead letters|Beiseitegelegt"))
    row = letters.get_by_role("row").filter(has=page.get_by_role("checkbox", name=re.compile(first)))
    await row.get_by_role("button").click()
    shown = page.get_by_role("dialog")
    await expect(shown).to_contain_text(session_id)
    await page.keyboard.press("Escape")
    await letters.get_by_role("checkbox", name=re.compile(first)).check()
    await page.get_by_role("button", name=REDRIVE).click()
    await page.get_by_role("dialog").get_by_role("button", name=REDRIVE).click()
    await expect(page.get_by_role("button", name=REDRIVE)).to_be_focused()
    await expect(page.locator("main").get_by_role("status")).to_have_text(re.compile("Done|Fertig"), timeout=LONG_MS)
    await expect(letters.get_by_role("checkbox", name=re.compile(first))).to_have_count(0, timeout=LONG_MS)
    for each in others:
        await letters.get_by_role("checkbox", name=re.compile(each)).check()
    await page.get_by_role("button", name=GIVE_UP).click()
    await page.get_by_role("dialog").get_by_role("button", name=GIVE_UP).click()
    await expect(page.get_by_role("checkbox", name=re.compile("|".join(others)))).to_have_count(0, timeout=LONG_MS)
    assert await standing() == []
