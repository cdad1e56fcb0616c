"""PostgreSQL's binary COPY format, value by value; that the server agrees is seen in the tests on the stack."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest

from consumers.postgres.copying import UnfitError, copy_data, row_writer
from consumers.postgres.rows import Column

ID = "00112233-4455-6677-8899-aabbccddeeff"


def column(kind: str, *, nullable: bool = False) -> Column:
    return Column("c", kind, nullable, "")


def field(content: bytes) -> bytes:
    return pack("!i", len(content)) + content


VALUES: list[tuple[str, Any, bytes]] = [
    ("text", "ä\t\\", "ä\t\\".encode()),
    ("bytea", b"\x00\xff", b"\x00\xff"),
    ("uuid", ID, bytes.fromhex(ID.replace("-", ""))),
    ("jsonb", {"a": [1, None, "ä"]}, b'\x01{"a":[1,null,"\xc3\xa4"]}'),
    ("int8", -5, pack("!q", -5)),
    ("int4", 7, pack("!i", 7)),
    ("bool", True, b"\x01"),
    ("halfvec", pack("<2e", 1, -0.5), pack("!HH2e", 2, 0, 1, -0.5)),
    ("timestamptz", 946_684_800_001, pack("!q", 1000)),
]


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize(("kind", "value", "content"), VALUES, ids=[kind for kind, _, _ in VALUES])
def test_a_value_has_its_length_and_its_bytes(kind: str, value: Any, content: bytes, nullable: bool) -> None:
    assert row_writer([column(kind, nullable=nullable)])((value,)) == pack("!h", 1) + field(content)


def test_a_row_has_all_its_fields_in_order() -> None:
    columns = [column(kind, nullable=nullable) for kind, _, _ in VALUES for nullable in (False, True, False)]
    row = tuple(each for _, value, _ in VALUES for each in (value, None, value))
    expected = b"".join(field(content) + pack("!i", -1) + field(content) for _, _, content in VALUES)
    assert row_writer(columns)(row) == pack("!h", len(columns)) + expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "\ud800"),
        ("text", None),
        ("uuid", "no id"),
        ("uuid", "00"),
        ("int8", 2**63),
        ("timestamptz", 2**62),
        ("jsonb", ["\ud800"]),
    ],
)
def test_a_value_that_its_column_can_not_hold_is_unfit(kind: str, value: Any) -> None:
    with pytest.raises(UnfitError):
        row_writer([column(kind)])((value,))


def test_rows_stand_between_the_signature_and_the_trailer() -> None:
    assert copy_data([b"one", b"two"]) == b"PGCOPY\n\xff\r\n\x00" + bytes(8) + b"onetwo" + b"\xff\xff"
