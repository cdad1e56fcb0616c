"""Writes what is generated: `python -m docs.generate`."""

from __future__ import annotations

from docs.generate.pages import pages

if __name__ == "__main__":
    for path, text in pages():
        path.write_text(text, encoding="utf-8")
