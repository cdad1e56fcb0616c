"""Every link leads somewhere, and every anchor is there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.docs.reading import PAGES, ROOT, anchors, links, name_of


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere; those to other hosts are not asked for."""
    return [link for link in links(page) if not urlsplit(link).scheme and not _resolves(page, link)]


def _resolves(page: Path, link: str) -> bool:
    url = urlsplit(link)
    target = (page.parent / unquote(url.path)).resolve() if url.path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not url.fragment or (target.suffix == ".md" and url.fragment in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_resolves(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.docs.test_links.ROOT", tmp_path)
    page, other = tmp_path / "a.md", tmp_path / "b.md"
    other.write_text("# `--since`, *again*\n\n## Twice\n\n## Twice\n", "utf-8")
    page.write_text(
        "[1](b.md#--since-again) [2](b.md#twice-1) [3](b.md#twice-2) [4](c.md) [5](#no) ![6](c.svg)\n\n    [7](d.md)\n",
        "utf-8",
    )
    assert broken(page) == ["b.md#twice-2", "c.md", "#no", "c.svg"]
