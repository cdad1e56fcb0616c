"""How long pages take until they are drawn, how much they load for it, and how much of them moves meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser

from bench.dashboard.browser import opened, probes

# A range at whose end the corpus ends: the browser's clock is later.
_MONTH = "since=2025-12-01&until=2025-12-30"
_YEAR = "since=2025-01-01&until=2025-12-30"
PAGES = {
    "overview, a month": f"/?{_MONTH}",
    "overview, a year": f"/?{_YEAR}",
    "overview, all": "/?since=all",
    "sessions": "/sessions",
    "patterns, a month": f"/patterns?{_MONTH}",
    "patterns, all": "/patterns?since=all",
    "timeline of a day": "/timeline?day=2025-12-01",
}
# Bytes as they travel, compressed; of what was asked for before the page was drawn.
_SCRIPT_BYTES = """() => performance.getEntriesByType("resource")
    .filter((each) => each.initiatorType === "script" || each.name.endsWith(".js"))
    .reduce((sum, each) => sum + each.encodedBodySize, 0)"""


def draw(browser: Browser, address: str, times: int) -> dict[str, Any]:
    """Opens every page several times, each time without anything kept."""
    return {name: _drawn(browser, address, path, times) for name, path in PAGES.items()}


def _drawn(browser: Browser, address: str, path: str, times: int) -> dict[str, Any]:
    found = [_draw_once(browser, address, path) for _ in range(times)]
    drawn_ms, shifts, script_bytes = ([each[place] for each in found] for place in range(3))
    return {"drawn_ms": _milliseconds(drawn_ms), "layout_shift": max(shifts), "script_kib": max(script_bytes)}


def _draw_once(browser: Browser, address: str, path: str) -> tuple[float, float, float]:
    with opened(browser, address) as page:
        page.goto(path)
        page.wait_for_function("probes.drawn !== null")
        script_bytes = int(page.evaluate(_SCRIPT_BYTES))
        page.wait_for_load_state("networkidle")
        found = probes(page)
        return found["drawn"], round(found["shift"], 4), round(script_bytes / 1024, 1)


def _milliseconds(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": round(ordered[len(ordered) // 2]), "most": round(ordered[-1])}
