"""Writes the dashboards."""

from __future__ import annotations

from infra.grafana.render import files

if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
