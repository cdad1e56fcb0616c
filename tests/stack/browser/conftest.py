"""A browser before the dashboard of the running pipeline."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from tests.stack.browser import transcripts
from tests.stack.pipeline import Pipeline, differences
from tests.stack.serving import serving
from tests.stack.waiting import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)

SCREENSHOTS = Path(__file__).parents[3] / "web" / "screenshots"

# What the API answers where a store is away.
PROBLEM = {
    "type": "urn:sessiontrack:problem:service-unavailable",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "PostgreSQL does not answer",
    "hint": "Start the stack with `sessiontrack up`.",
}


@dataclass(frozen=True)
class Dashboard:
    """The dashboard that is looked at.

    Attributes:
        address: Where it is.
        folder: The state folder whose transcripts were captured.
    """

    address: str
    folder: Path


@dataclass(frozen=True)
class Look:
    """How somebody looks at it."""

    name: str
    width: int
    height: int
    locale: str
    scheme: str


PHONE = Look("phone-english-light", 390, 844, "en-GB", "light")
WIDE = Look("wide-german-dark", 1440, 900, "de-DE", "dark")


@pytest.fixture(scope="package")
def dashboard(pipeline: Pipeline, captured: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard of a pipeline that has the corpus and the transcripts of these tests."""
    folder = tmp_path_factory.mktemp("browser") / "state"
    transcripts.write(folder)
    pipeline.capture(folder)
    transcripts.rewrite(folder)
    pipeline.capture(folder)
    for session_id in (transcripts.RICH, transcripts.LONG, transcripts.GROWING, transcripts.REWRITTEN):
        assert not differences(pipeline.verify(session_id))
    with serving(pipeline) as (address, _):
        yield Dashboard(address, folder)


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("Chromium is missing: `make browser` installs it")
    # Its sandbox refuses root, as which CI runs; it opens no page but ours.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(params=[PHONE, WIDE], ids=lambda look: look.name)
def look(request: pytest.FixtureRequest) -> Look:
    """Each way to look at it."""
    found: Look = request.param
    return found


@pytest.fixture
async def context(browser: Browser, dashboard: Dashboard, look: Look) -> AsyncIterator[BrowserContext]:
    """A browser's window of its own."""
    context = await browser.new_context(
        base_url=dashboard.address,
        viewport={"width": look.width, "height": look.height},
        locale=look.locale,
        color_scheme="dark" if look.scheme == "dark" else "light",
        has_touch=look is PHONE,
        is_mobile=look is PHONE,
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context
    await context.close()


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the page: a test that makes something go wrong on purpose clears it."""
    return []


@pytest.fixture
async def page(
    context: BrowserContext, dashboard: Dashboard, faults: list[str], request: pytest.FixtureRequest
) -> AsyncIterator[Page]:
    """A page; at the end it must have failed nowhere, and asked nobody else."""
    page = await context.new_page()
    host = urlsplit(dashboard.address).netloc

    def asked(request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != host:
            faults.append(f"a request to {request.url}")

    page.on("request", asked)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    SCREENSHOTS.mkdir(exist_ok=True)
    name = request.node.name.replace("/", "-")
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
    assert faults == []
