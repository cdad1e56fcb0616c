"""A hook of MkDocs: brings into the site, below `repository/`, the files outside of docs/ that pages link to.

In a repository such links lead where they say; on a site of docs/ alone they would lead nowhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_DOCS, _BROUGHT = "docs/", "repository/"
# The target of a link as far as its anchor; one to another host, or to the page itself, is left alone.
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)[^)\s#]+")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files that are linked to, and those that these link to in turn."""
    root = Path(config.config_file_path).parent
    waiting = [_DOCS + file.src_uri for file in files.documentation_pages()]
    known: set[str] = set()
    while waiting:
        path = waiting.pop()
        for target in _targets(root, path):
            if target.startswith(_DOCS) or target in known:
                continue
            known.add(target)
            files.append(File.generated(config, _BROUGHT + target, abs_src_path=str(root / target)))
            if target.endswith(".md"):
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lets links lead to where their files are on the site."""
    root = Path(config.config_file_path).parent
    here = page.file.src_uri
    path = here.removeprefix(_BROUGHT) if here.startswith(_BROUGHT) else _DOCS + here

    def moved(link: re.Match[str]) -> str:
        target = _resolved(root, path, link.group())
        if target is None:
            return link.group()
        there = target.removeprefix(_DOCS) if target.startswith(_DOCS) else _BROUGHT + target
        return posixpath.relpath(there, posixpath.dirname(here) or ".")

    return _LINK.sub(moved, markdown)


def _targets(root: Path, path: str) -> Iterator[str]:
    for link in _LINK.findall((root / path).read_text("utf-8")):
        if target := _resolved(root, path, link):
            yield target


def _resolved(root: Path, path: str, link: str) -> str | None:
    """Where a link of a file leads, from the repository's root; of a folder its README. None: nowhere."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    if (root / target).is_dir():
        target += "/README.md"
    return target if (root / target).is_file() else None
