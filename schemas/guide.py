"""What a subscriber has to know of each topic: `guide.toml`, the one text behind the pages for subscribers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from schemas.topics import Topic


@dataclass(frozen=True, kw_only=True)
class Guide:
    """What to know of one topic; each text is a paragraph of Markdown.

    Attributes:
        title: What it is called.
        holds: What a record is.
        key: What the key says.
        order: What order is kept.
        duplicates: When a record comes again, and how to tell.
        tombstones: What a record without a value means.
        size: How large records get, and what is done about larger ones.
    """

    title: str
    holds: str
    key: str
    order: str
    duplicates: str
    tombstones: str
    size: str


def guide(topic: Topic) -> Guide:
    """What to know of a topic."""
    return _guides()[topic.name]


@cache
def _guides() -> dict[str, Guide]:
    text = files(__package__).joinpath("guide.toml").read_text("utf-8")
    return {
        name: Guide(**{field: " ".join(prose.split()) for field, prose in prose_of.items()})
        for name, prose_of in tomllib.loads(text).items()
    }
