"""Rows in PostgreSQL's binary COPY format, by functions that are generated for a table.

psycopg looks for the way to dump each value again and again: for a row of forty columns that takes longer than decoding
the record and storing the row together. A function that was written for this one table takes a sixth of it.

Source: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS (binary)
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from struct import Struct
from textwrap import indent
from typing import Any

import orjson

from consumers.postgres.rows import Column, Row

# Signature, no flags, no extension.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# PostgreSQL counts microseconds from 2000-01-01T00:00:00Z.
EPOCH_MS = 946_684_800_000
# The length of a field, -1 for null, then its bytes.
_LENGTH = Struct("!i").pack
_NULL = _LENGTH(-1)
_HALFVEC_HEAD = Struct("!HH").pack
# Types of a fixed length: how struct names them, their length, the number that is stored of a value.
_FIXED = {
    "int8": ("q", 8, "{}"),
    "int4": ("i", 4, "{}"),
    "bool": ("?", 1, "{}"),
    "timestamptz": ("q", 8, f"({{}} - {EPOCH_MS}) * 1000"),
}
# A binary jsonb is its version, 1, and the text.
_VARIABLE = {
    "text": "{}.encode()",
    "bytea": "{}",
    "uuid": "uuid_bytes({})",
    "jsonb": "b'\\1' + json_bytes({})",
    "halfvec": "halfvec_bytes({})",
}

RowWriter = Callable[[Row], bytes]


class UnfitError(ValueError):
    """A value that has no binary form: an id that is no UUID, a number out of range, a lone surrogate."""


def copy_data(rows: Iterable[bytes]) -> bytes:
    """What COPY reads, of rows that a row writer made."""
    return b"".join((_HEADER, *rows, _TRAILER))


def row_writer(columns: Sequence[Column]) -> RowWriter:
    """A function that makes of a row, times as epoch milliseconds and ids as text, the bytes that COPY reads.

    The function raises UnfitError for a value that its column can't hold.
    """
    source = _Source(columns)
    names: dict[str, Any] = {
        "uuid_bytes": uuid_bytes,
        "json_bytes": orjson.dumps,
        "halfvec_bytes": halfvec_bytes,
        "length": _LENGTH,
        "null": _NULL,
    }
    exec(compile(source.text, "<row writer>", "exec"), names | source.packers, names)  # noqa: S102  # our own tables
    write: RowWriter = names["write"]

    def write_fit(row: Row) -> bytes:
        try:
            return write(row)
        except Exception as error:  # packing raises whatever the value leads to
            raise UnfitError(type(error).__name__) from error

    return write_fit


def uuid_bytes(text: str) -> bytes:
    """The sixteen bytes of a UUID.

    Raises:
        ValueError: It is none.
    """
    number = bytes.fromhex(text.replace("-", ""))
    if len(number) != 16:
        raise ValueError("an id that is no UUID")
    return number


def halfvec_bytes(vector: bytes) -> bytes:
    """A vector in the binary form of pgvector's halfvec: its length, two bytes for later, its numbers big-endian.

    Raises:
        ValueError: Half a number is missing.
    """
    numbers = array("H", vector)
    numbers.byteswap()
    return _HALFVEC_HEAD(len(numbers), 0) + numbers.tobytes()


class _Source:
    """Source code of a row writer.

    Attributes:
        text: The code.
        packers: What it refers to.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.packers: dict[str, Any] = {"count": Struct("!h").pack(len(columns))}
        self._statements = [f"{''.join(f'c{place}, ' for place in range(len(columns)))}= row"]
        fields = ["count", *self._fields(columns)]
        body = "\n".join([*self._statements, f"return b''.join(({', '.join(fields)},))"])
        self.text = f"def write(row):\n{indent(body, '    ')}\n"

    def _fields(self, columns: Sequence[Column]) -> Iterator[str]:
        """Expressions that make bytes, in the order of the columns."""
        placed = [(f"c{place}", column) for place, column in enumerate(columns)]
        for packed, run in groupby(placed, lambda each: each[1].type in _FIXED and not each[1].nullable):
            if packed:
                yield self._packed(list(run))
            else:
                for name, column in run:
                    yield from self._field(name, column)

    def _packed(self, run: Sequence[tuple[str, Column]]) -> str:
        """Fields of fixed length, none of them null, in one call."""
        packer = f"pack_{run[0][0]}"
        self.packers[packer] = Struct("!" + "".join(f"i{_FIXED[column.type][0]}" for _, column in run)).pack
        values = (f"{_FIXED[column.type][1]}, {_FIXED[column.type][2].format(name)}" for name, column in run)
        return f"{packer}({', '.join(values)})"

    def _field(self, name: str, column: Column) -> Iterator[str]:
        if column.type in _FIXED:
            yield f"null if {name} is None else {self._packed([(name, column)])}"
            return
        read = f"{name} = {_VARIABLE[column.type].format(name)}"
        if not column.nullable:
            self._statements.append(read)
            yield from (f"length(len({name}))", name)
            return
        self._statements.append(
            f"if {name} is None:\n    {name} = null\nelse:\n    {read}\n    {name} = length(len({name})) + {name}"
        )
        yield name
