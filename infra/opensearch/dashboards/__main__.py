"""Writes the saved objects."""

from __future__ import annotations

from infra.opensearch.dashboards.render import FILE, saved_objects_file

if __name__ == "__main__":
    FILE.write_text(saved_objects_file(), encoding="utf-8")
