"""Writes what is generated: `python -m docs.generate`."""

from __future__ import annotations

from docs.generate.examples import examples, path_of, render
from schemas.topics import BY_NAME

if __name__ == "__main__":
    for name, example in examples().items():
        path_of(BY_NAME[name]).write_text(render(example), encoding="utf-8")
