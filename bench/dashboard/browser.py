"""Chromium before the dashboard, as it is when somebody opens it for the first time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

_PROBES = Path(__file__).with_name("probes.js").read_text("utf-8")
_PATIENCE_MS = 120_000
_WINDOW: ViewportSize = {"width": 1440, "height": 900}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser.

    Raises:
        SystemExit: There is none.
    """
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("Chromium is missing: `make browser` installs it")
    # Its sandbox refuses root. Without the flag the memory that it tells of is rounded.
    arguments = ["--enable-precise-memory-info", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """A page with probes, and with nothing kept from an earlier one."""
    # The dashboard's policy lets nobody evaluate a text as a script, as waiting for the probes does.
    context = browser.new_context(
        base_url=address, viewport=_WINDOW, locale="en-GB", timezone_id="Europe/Berlin", bypass_csp=True
    )
    context.set_default_timeout(_PATIENCE_MS)
    context.add_init_script(_PROBES)
    try:
        yield context.new_page()
    finally:
        context.close()


def probes(page: Page) -> dict[str, Any]:
    """What the page has measured."""
    found: dict[str, Any] = page.evaluate("probes")
    return found


def heap_bytes(page: Page) -> int:
    """What the page's scripts hold, after the garbage was collected."""
    session = page.context.new_cdp_session(page)
    try:
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        return int(session.send("Runtime.getHeapUsage")["usedSize"])
    finally:
        session.detach()
