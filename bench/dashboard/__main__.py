"""`python -m bench.dashboard`: measures the web dashboard in Chromium, on a stack that `bench.search` has filled."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.dashboard import conversation
from bench.dashboard.browser import chromium
from bench.dashboard.load import load
from bench.dashboard.pages import draw
from bench.dashboard.search_field import type_questions
from bench.machine import describe
from bench.search.__main__ import serving
from bench.search.corpus import Corpus
from bench.search.measure import warm
from sessiontrack.settings import get_settings

_RESULTS = Path(__file__).parents[1] / "results"
# None that `bench.search` asks: a question's vector is remembered.
_QUESTIONS_SEED, _WARMING_SEED = 700, 701
STEPS = ("load", "pages", "typing", "scroll", "follow")


def main() -> None:
    """Runs the steps, one after another; each is saved as soon as it is done."""
    arguments = _arguments()
    begun = time.monotonic()

    def progress(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    settings = get_settings()
    corpus = Corpus(settings, arguments.messages)
    steps = arguments.only.split(",")
    if "load" in steps:
        asyncio.run(load(settings, corpus, progress))
    with tempfile.TemporaryDirectory() as folder, serving() as address, chromium() as browser:
        root = Path(folder) / ".clawdbot"

        def scroll() -> dict[str, Any]:
            conversation.write_long(root, arguments.entries)
            return conversation.scroll(browser, address)

        measures: dict[str, Callable[[], dict[str, Any]]] = {
            "pages": lambda: draw(browser, address, arguments.times),
            "typing": lambda: type_questions(browser, address, corpus.questions(arguments.questions, _QUESTIONS_SEED)),
            "scroll": scroll,
            "follow": lambda: conversation.follow(
                browser, address, root, arguments.appended, arguments.a_second, progress
            ),
        }
        progress("warming")
        warm(address, corpus.questions(30, _WARMING_SEED))
        for name in (name for name in measures if name in steps):
            progress(name)
            _save(arguments.out, name, measures[name](), messages=corpus.messages)


def _save(path: Path, name: str, found: dict[str, Any], **about: Any) -> None:
    results = json.loads(path.read_text()) if path.exists() else {}
    measured = {"machine": describe(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    results[name] = about | found | measured
    path.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps({name: found}, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="as many as `bench.search` has loaded")
    parser.add_argument("--times", type=int, default=10, help="how often each page is opened")
    parser.add_argument("--questions", type=int, default=105)
    parser.add_argument("--entries", type=int, default=50_000, help="of the session that is scrolled")
    parser.add_argument("--appended", type=int, default=3_600, help="to the session that is followed: an hour of it")
    parser.add_argument("--a-second", type=float, default=6)
    parser.add_argument("--only", default=",".join(STEPS), help="some of these steps")
    parser.add_argument("--out", type=Path, default=_RESULTS / "dashboard.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
