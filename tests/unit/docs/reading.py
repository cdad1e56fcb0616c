"""The pages that people read, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    [
        *ROOT.glob("docs/*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / name / "README.md" for name in ("bench", "examples", "web")),
    ]
)
_PARSER = MarkdownIt("commonmark").enable("table")
_NO_PART_OF_AN_ANCHOR = re.compile(r"[^\w\- ]")


def name_of(page: Path) -> str:
    """The page as the repository names it."""
    return page.relative_to(ROOT).as_posix()


@lru_cache
def tokens(page: Path) -> list[Token]:
    """All tokens, those inside others included."""
    found: list[Token] = []
    for token in _PARSER.parse(page.read_text("utf-8")):
        found += [token, *(token.children or [])]
    return found


def links(page: Path) -> Iterator[str]:
    """Targets of links and images."""
    for token in tokens(page):
        if target := token.attrs.get("href") or token.attrs.get("src"):
            yield str(target)


@lru_cache
def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub and our site make them: of equal ones the later are numbered."""
    found: dict[str, int] = {}
    made = set()
    all_tokens = tokens(page)
    for place, token in enumerate(all_tokens):
        if token.type == "heading_open":
            text = "".join(part.content for part in all_tokens[place + 1].children or [] if part.type != "softbreak")
            anchor = _NO_PART_OF_AN_ANCHOR.sub("", text.lower()).replace(" ", "-")
            number = found.get(anchor, 0)
            found[anchor] = number + 1
            made.add(f"{anchor}-{number}" if number else anchor)
    return made


def code(page: Path) -> Iterator[str]:
    """Lines of blocks of code, and code within text; what goes on after a backslash is one line."""
    for token in tokens(page):
        if token.type in ("fence", "code_block"):
            yield from token.content.replace("\\\n", " ").splitlines()
        elif token.type == "code_inline":
            yield token.content.replace("\n", " ")
