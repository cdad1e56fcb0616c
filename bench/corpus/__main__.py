"""``python -m bench.corpus --out DIR --sessions N --seed S``: writes a state folder full of sessions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.corpus.statefolder import generate
from sessiontrack.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Generates a corpus; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus", description="Writes a state folder full of sessions."
    )
    parser.add_argument("--out", type=Path, required=True, help="the state folder to write, empty or missing")
    parser.add_argument("--sessions", type=int, default=300, help="how many sessions (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal bytes (default: %(default)s)")
    parser.add_argument("--brand", choices=("clawdbot", "openclaw"), default="clawdbot", help="whose formats")
    parser.add_argument("--facts", type=Path, help="write the ground truth of every session to this JSON file")
    options = parser.parse_args(arguments)
    try:
        corpus = generate(options.out, options.sessions, options.seed, options.brand)
    except UsageError as error:
        print(f"{error}; {error.hint}", file=sys.stderr)
        return 2
    if options.facts:
        facts = [session.as_json() for session in corpus.sessions]
        options.facts.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{len(corpus.sessions)} sessions, {corpus.lines} lines, {corpus.size / 1e6:.1f} MB in {corpus.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
