"""A session of fifty thousand entries as it is scrolled, and one that goes on for long while somebody looks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from playwright.sync_api import Browser, Page

from bench.corpus import append_line, live_session
from bench.dashboard.browser import heap_bytes, opened, probes

LONG = str(UUID(int=0x50_000, version=4))
_SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
# What the live session has before it is opened.
_LINES_BEFORE = 200
_SCROLL_STEPS, _STEP_PX = 240, 1_200
_END_OF_SCROLL = 40
# A part of the tree takes less.
_QUIET_MS = 4_000
_PATIENCE_S = 60


def transcript(folder: Path, session_id: str) -> Path:
    """Where a transcript of the state folder is."""
    return folder / "agents" / "main" / "sessions" / f"{session_id}.jsonl"


def write_long(folder: Path, entries: int) -> None:
    """Writes and captures a long session; all of it is in the stores at the end."""
    path = transcript(folder, LONG)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(islice(live_session(path, seed=50), entries)))
    subprocess.run([_SESSIONTRACK, "capture", "--root", folder, "--once"], check=True)
    # It waits until all of it is in the stores.
    subprocess.run([_SESSIONTRACK, "verify", LONG], check=True, stdout=sys.stderr)


def scroll(browser: Browser, address: str) -> dict[str, Any]:
    """Opens the long session, scrolls, jumps to its end; milliseconds between frames, and what the scripts hold."""
    with opened(browser, address) as page:
        page.goto(f"/session?id={LONG}")
        page.wait_for_function("probes.drawn !== null && document.querySelector('[data-entry]')")
        opened_ms = page.evaluate("performance.now()")
        whole_ms = _until_whole(page)
        before = heap_bytes(page)
        page.evaluate("probes.count()")
        _wheel(page)
        begun = time.perf_counter()
        page.keyboard.press("End")
        page.wait_for_function(_AT_END)
        end_ms = (time.perf_counter() - begun) * 1000
        for _ in range(_END_OF_SCROLL):
            page.mouse.wheel(0, -_STEP_PX)
            page.wait_for_timeout(16)
        frames = probes(page)["frames"]
        return {
            "opened_ms": round(opened_ms),
            "whole_ms": round(whole_ms),
            "end_ms": round(end_ms),
            "frame_ms": {
                f"p{percentile}": round(float(np.percentile(frames, percentile)), 1) for percentile in (50, 95, 99)
            },
            "frames": len(frames),
            "heap_mib": {"opened": _mib(before), "scrolled": _mib(heap_bytes(page))},
        }


_AT_END = """() => {
    const last = [...document.querySelectorAll("article")].at(-1);
    return last && last.ariaPosInSet === last.ariaSetSize && last.getBoundingClientRect().top < innerHeight;
}"""


def _until_whole(page: Page) -> float:
    """When the last part of the tree had come, milliseconds since the page was asked for."""
    at, rows = 0.0, ""
    while (found := page.locator("article").first.get_attribute("aria-setsize") or "") != rows:
        at, rows = page.evaluate("performance.now()"), found
        page.wait_for_timeout(_QUIET_MS)
    return at


def _wheel(page: Page) -> None:
    page.mouse.move(500, 500)
    for _ in range(_SCROLL_STEPS):
        page.mouse.wheel(0, _STEP_PX)
        page.wait_for_timeout(16)


def follow(
    browser: Browser, address: str, folder: Path, entries: int, a_second: float, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Looks at the end of a session to which lines are appended: when they are on the page, and what the scripts hold.

    Args:
        browser: The browser.
        address: Of the dashboard.
        folder: The state folder.
        entries: How many lines are appended.
        a_second: How many in a second.
        progress: Told of each tenth.
    """
    # What a run before has captured would be there before it is appended.
    session_id = str(uuid4())
    path = transcript(folder, session_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = live_session(path, seed=51)
    path.write_bytes(b"".join(islice(lines, _LINES_BEFORE)))
    with _capturing(folder), opened(browser, address) as page:
        _open_live(page, session_id)
        heap, shown = [_mib(heap_bytes(page))], []
        for number, line in enumerate(islice(lines, entries), 1):
            begun = time.perf_counter()
            append_line(path, line)
            if (entry_id := _said_by_person(line)) is not None:
                page.wait_for_selector(f'[data-entry="{entry_id}"]')
                shown.append((time.perf_counter() - begun) * 1000)
            if number % (entries // 10) == 0:
                heap.append(_mib(heap_bytes(page)))
                progress(f"{number:,} appended, {heap[-1]} MiB")
            time.sleep(max(0, 1 / a_second - (time.perf_counter() - begun)))
    quantiles = {f"p{percentile}": round(float(np.percentile(shown, percentile))) for percentile in (50, 95, 99)}
    return {"appended": entries, "a_second": a_second, "shown_ms": quantiles, "heap_mib": heap}


@contextmanager
def _capturing(folder: Path) -> Iterator[None]:
    with subprocess.Popen([_SESSIONTRACK, "capture", "--root", folder], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _open_live(page: Page, session_id: str) -> None:
    """Goes to the end, where new lines show by themselves."""
    until = time.monotonic() + _PATIENCE_S
    page.goto(f"/session?id={session_id}")
    while not page.locator("[data-entry]").count():
        if time.monotonic() > until:
            raise SystemExit("the session that was begun does not appear")
        page.wait_for_timeout(1_000)
        page.reload(wait_until="load")
    page.keyboard.press("End")
    page.wait_for_function(_AT_END)


def _said_by_person(line: bytes) -> str | None:
    """The id of an entry that is shown by itself; of other lines, such as the results of tools, None."""
    entry = json.loads(line)
    is_said = entry["type"] == "message" and entry["message"]["role"] == "user"
    return str(entry["id"]) if is_said else None


def _mib(size: int) -> float:
    return round(size / 2**20, 1)
