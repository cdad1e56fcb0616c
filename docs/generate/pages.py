"""All that is generated, and where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docs.generate import api_reference, command_line, dictionary, metrics, openapi, settings, topics
from docs.generate.examples import examples, path_of
from docs.generate.examples import render as render_example
from schemas.topics import BY_NAME

_DOCS = Path(__file__).parents[1]


def pages() -> Iterator[tuple[Path, str]]:
    """Each file, and what it is to hold."""
    made = examples()
    for name, example in made.items():
        yield path_of(BY_NAME[name]), render_example(example)
    page = _DOCS / "topics.md"
    yield page, topics.render(page.read_text("utf-8"), made)
    yield _DOCS / "data-dictionary.md", dictionary.render()
    yield _DOCS / "openapi.yaml", openapi.render()
    yield _DOCS / "api-reference.md", api_reference.render(openapi.described())
    yield _DOCS / "command-line.md", command_line.render()
    yield _DOCS / "metrics.md", metrics.render()
    yield _DOCS / "settings.md", settings.render()
