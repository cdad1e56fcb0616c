"""The facts of a session that are folded already, and the position of the log that each came first from.

A trie of pages: a fact goes to the first page on its path (root, then by one nibble of its hash a level) that is not
full. So a small session has one page, a session of 50,000 entries is three pages deep, a look-up reads one page a
level, one new fact writes one page of at most 4 KiB, and no page is ever split: pages written before and after a crash
fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct

# 256 facts are 4 KiB: what following a live session writes again for each new entry.
PAGE_FACTS = 256

_FACT = Struct(">8sQ")


class Folded:
    """The folded facts of one session.

    Args:
        read: Gives the bytes of a page, None where there is none yet.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._pages: dict[str, dict[bytes, int]] = {}
        self._touched: set[str] = set()

    def add(self, fact: bytes, position: int) -> bool:
        """Whether the fact came first from this position; takes it in where it is new.

        Args:
            fact: Its 8-byte hash.
            position: Of the event in the log.
        """
        name = ""
        while fact not in (page := self._page(name)):
            if len(page) < PAGE_FACTS:
                page[fact] = position
                self._touched.add(name)
                return True
            name = fact.hex()[: len(name) + 1]
        return page[fact] == position

    def touched(self) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the pages that took in a fact."""
        for name in sorted(self._touched):
            yield name, b"".join(_FACT.pack(fact, position) for fact, position in self._pages[name].items())

    def _page(self, name: str) -> dict[bytes, int]:
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = dict(_FACT.iter_unpack(self._read(name) or b""))
        return page

