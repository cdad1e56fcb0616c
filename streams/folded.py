"""The facts of a session that are folded already, and the position of the log that each came first from.

A tree of pages. New facts go to the root; when it is full all its facts move to its sixteen children, by a nibble of
their hash, and so on down. So a small session has one page; following a session writes the root again, and now and
then sixteen children; a look-up in a session of 50,000 entries reads three or four pages.

Pages are written children first: wherever writing stops, a fact that moved is still in one page, or in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct

# 256 facts are 4 KiB: what following a live session writes again for each new entry.
PAGE_FACTS = 256

_FACT = Struct(">8sq")
_LEAF, _PARENT = b"\0", b"\1"


@dataclass(slots=True)
class _Page:
    """Facts with their positions; a parent has passed facts on to children."""

    facts: dict[bytes, int]
    is_parent: bool = False
    is_touched: bool = False

    def __bytes__(self) -> bytes:
        packed = (_FACT.pack(fact, position) for fact, position in self.facts.items())
        return (_PARENT if self.is_parent else _LEAF) + b"".join(packed)


class Folded:
    """The folded facts of one session.

    Args:
        read: Gives the bytes of a page, None where there is none yet.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._pages: dict[str, _Page] = {}

    def add(self, fact: bytes, position: int) -> bool:
        """Whether the fact came first from this position; takes it in where it is new.

        Args:
            fact: Its 8-byte hash.
            position: Of the event in the log.
        """
        page = root = self._page("")
        depth = 0
        while (first := page.facts.get(fact)) is None and page.is_parent:
            depth += 1
            page = self._page(fact.hex()[:depth])
        if first is None:
            root.facts[fact] = position
            root.is_touched = True
        return first is None or first == position

    def touched(self) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the pages to be written, in this order."""
        self._make_room("")
        for name in sorted(self._pages, key=len, reverse=True):
            page = self._pages[name]
            if page.is_touched:
                yield name, bytes(page)

    def _make_room(self, name: str) -> None:
        """Moves the facts of a page that is too full to its children."""
        page = self._page(name)
        if len(page.facts) <= PAGE_FACTS:
            return
        for fact, position in page.facts.items():
            child = self._page(fact.hex()[: len(name) + 1])
            child.facts[fact] = position
            child.is_touched = True
        page.facts, page.is_parent, page.is_touched = {}, True, True
        for nibble in "0123456789abcdef":
            if name + nibble in self._pages:
                self._make_room(name + nibble)

    def _page(self, name: str) -> _Page:
        page = self._pages.get(name)
        if page is None:
            stored = self._read(name)
            page = _Page(dict(_FACT.iter_unpack(stored[1:])), stored[:1] == _PARENT) if stored else _Page({})
            self._pages[name] = page
        return page
