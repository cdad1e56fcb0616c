"""From the last key to the hits on screen, as somebody types questions into the search page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from bench.dashboard.browser import opened, probes

# Between two keys of somebody who types well, milliseconds: 70 words a minute.
_BETWEEN_KEYS_MS = (90, 220)
# Somebody reads what was found before asking for the next.
_READING_MS = 700
_WARMING = 5


def type_questions(browser: Browser, address: str, questions: Sequence[str], seed: int = 6) -> dict[str, Any]:
    """Types questions letter by letter; milliseconds from the last key until its answer is drawn.

    Args:
        browser: The browser.
        address: Of the dashboard.
        questions: None asked before: a question's vector is remembered.
        seed: Of the pauses between keys.
    """
    pauses = random.Random(seed)
    with opened(browser, address) as page:
        page.goto("/search")
        page.wait_for_function("probes.drawn !== null")
        found = [_type(page, question, pauses) for question in questions][_WARMING:]
        shift = probes(page)["shift"]
    shown, answered = ([each[name] - each["key"] for each in found] for name in ("shown", "answered"))
    return {"shown_ms": _quantiles(shown), "answered_ms": _quantiles(answered), "layout_shift": round(shift, 4)}


def _type(page: Page, question: str, pauses: random.Random) -> dict[str, Any]:
    page.evaluate("wanted => Object.assign(probes, {wanted, answered: null, shown: null})", question)
    page.locator("[data-search-field]").fill("")
    for letter in question:
        page.keyboard.type(letter)
        page.wait_for_timeout(pauses.randint(*_BETWEEN_KEYS_MS))
    page.wait_for_function("probes.shown !== null")
    found = probes(page)
    page.wait_for_timeout(_READING_MS)
    return found


def _quantiles(values: Sequence[float]) -> dict[str, int]:
    found = {f"p{percentile}": round(float(np.percentile(values, percentile))) for percentile in (50, 95, 99)}
    return found | {"questions": len(values)}
