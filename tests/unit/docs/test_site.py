"""The site is built without a warning, and asks no other machine for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.unit.docs.reading import ROOT

# What a browser loads by itself, where it comes from another host.
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc="(?:https?:)?//|<link(?![^>]*rel="canonical")[^>]*\shref="(?:https?:)?//"""
)
_LOADED_BY_STYLE = re.compile(r"""url\(["']?(?:https?:)?//|@import""")


def test_it_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 20
    assert [page.name for page in pages if _LOADED.search(page.read_text("utf-8"))] == []
    styles = list(tmp_path.rglob("*.css"))
    assert styles
    assert [style.name for style in styles if _LOADED_BY_STYLE.search(style.read_text("utf-8"))] == []
