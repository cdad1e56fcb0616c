from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from consumers.archive.layout import Log, SegmentKey
from operations.rebuild.progress import Meter
from operations.rebuild.republishing import Republisher, _id_of, _restated
from operations.rebuild.state import RebuildState
from queries.archive import Segment
from schemas.codec import Encoder, schema_id_of
from schemas.topics import EVENTS
from sessiontrack.settings import Settings
from tests.unit.streams.events import user

VALUE = Encoder(EVENTS.schema, 7).encode(user("a"))


def test_a_value_states_the_id_that_its_schema_has_now() -> None:
    again = _restated(VALUE, {7: 12})
    assert again == Encoder(EVENTS.schema, 12).encode(user("a"))
    assert schema_id_of(again) == 12


def test_what_states_no_schema_of_the_archive_stays_as_it_is() -> None:
    assert [_restated(value, {7: 12, 8: 8}) for value in (None, b"torn", b"\x00\x00\x00\x00\x09x")] == [
        None,
        b"torn",
        b"\x00\x00\x00\x00\x09x",
    ]
    assert _restated(VALUE, {7: 7}) is VALUE


def test_an_event_is_told_by_its_id_and_what_states_none_by_what_it_says() -> None:
    assert _id_of([("ce_id", b"e1")], VALUE) == _id_of([("other", None), ("ce_id", b"e1")], None)
    assert _id_of([], VALUE) == _id_of([("ce_id", None)], _restated(VALUE, {7: 12}))
    assert _id_of([], VALUE) != _id_of([], b"torn")


class OneSegment:
    """An archive of a segment in which an event stands twice: it was captured again."""

    def schemas(self, segment: Segment) -> dict[int, Any]:
        return {}

    def records(self, segment: Segment) -> list[Any]:
        names = ["a", "b", "a"]
        return [
            {"offset": offset, "value": f"capture {offset}".encode(), "headers": [{"name": "ce_id", "value": name}]}
            for offset, name in enumerate(name.encode() for name in names)
        ]


def test_the_first_capture_is_put_back_and_what_the_log_has_is_not(tmp_path: Path) -> None:
    state = RebuildState(tmp_path / "state")
    republisher = Republisher(
        Settings(), cast(Any, OneSegment()), cast(Any, None), state, Meter(lambda progress: None, lambda: 0.0)
    )
    segment = Segment(SegmentKey(Log("c", "l", EVENTS.name), 0, 0, 2), has_records=True, has_manifest=True)
    lacking = republisher._lacking(segment)
    assert {record_id.id: record["value"] for record_id, record in lacking.items()} == {
        "a": b"capture 0",
        "b": b"capture 1",
    }
    state.commit(0, state.cursor(0), {}, {_id_of([("ce_id", b"a")], None): True})
    assert [record_id.id for record_id in republisher._lacking(segment)] == ["b"]
    republisher.close()
    state.close()
