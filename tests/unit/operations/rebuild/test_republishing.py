from __future__ import annotations

from operations.rebuild.republishing import _id_of, _restated
from schemas.codec import Encoder, schema_id_of
from schemas.topics import EVENTS
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
