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
# Text, target and anchor of a link; one to another host, or to the page itself, is left alone.
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>(?![a-z]+:|#)[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")


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
        target = _resolved(root, path, link["target"])
        if target is None:
            return link.group()
        if (root / target).is_dir():
            # There is no page to lead to.
            return link["text"]
        there = target.removeprefix(_DOCS) if target.startswith(_DOCS) else _BROUGHT + target
        return f"[{link['text']}]({posixpath.relpath(there, posixpath.dirname(here) or '.')}{link['anchor'] or ''})"

    return _LINK.sub(moved, markdown)


def _targets(root: Path, path: str) -> Iterator[str]:
    for link in _LINK.finditer((root / path).read_text("utf-8")):
        target = _resolved(root, path, link["target"])
        if target and (root / target).is_file():
            yield target


def _resolved(root: Path, path: str, link: str) -> str | None:
    """Where a link of a file leads, from the repository's root: a file, a folder's README, a folder. None: nowhere."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    readme = f"{target}/README.md"
    if (root / readme).is_file():
        return readme
    return target if (root / target).exists() else None
