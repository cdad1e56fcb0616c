"""Writes `docker-compose.yml` and what PostgreSQL and Prometheus are told."""

from __future__ import annotations

from infra.compose.render import ROOT, files

if __name__ == "__main__":
    for name, text in files().items():
        (ROOT / name).write_text(text, encoding="utf-8")
