from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from consumers.opensearch.interrupted_swap import end_interrupted_swap
from sessiontrack.rebuilding import locked, plan_file, rebuild_folder

ALIASES = ["sessiontrack-messages", "sessiontrack-sessions"]


class Indexes:
    """Notes which indexes are opened to writers; `meanwhile` runs while they are."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.indices = self
        self.opened: list[str] = []
        self._meanwhile = meanwhile

    def put_settings(self, *, index: str, body: dict[str, Any]) -> None:
        assert body == {"index.blocks.write": None}
        self.opened.append(index)
        self._meanwhile()


def opened(data_dir: Path, indexes: Indexes) -> list[str]:
    end_interrupted_swap(indexes, data_dir, "opensearch", ALIASES)  # type: ignore[arg-type]
    return indexes.opened


def test_where_no_rebuild_has_begun_nothing_is_done(tmp_path: Path) -> None:
    assert opened(tmp_path, Indexes()) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_rebuild_closes_stays_closed_and_what_a_dead_one_closed_is_opened(tmp_path: Path) -> None:
    folder = rebuild_folder(tmp_path, "opensearch")
    with locked(folder):
        plan_file(folder).write_text("{}")
        assert opened(tmp_path, Indexes()) == []
    assert opened(tmp_path, Indexes()) == [",".join(ALIASES)]


def test_while_they_are_opened_no_rebuild_begins(tmp_path: Path) -> None:
    folder = rebuild_folder(tmp_path, "opensearch")
    with locked(folder):
        plan_file(folder).write_text("{}")
    begun: list[bool] = []

    def begin() -> None:
        with locked(folder) as is_ours:
            begun.append(is_ours)

    opened(tmp_path, Indexes(begin))
    assert begun == [False]
