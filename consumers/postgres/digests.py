"""The digest of a row, computed here and, equal, by PostgreSQL: so rows are compared without being sent.

Both hash one text: a JSON array of the columns, in the form that PostgreSQL writes. Of a number that `numeric` spells
otherwise than Python (1e-07) it makes another text: who finds digests of the two sides to differ reads the row.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from json import JSONEncoder
from typing import Any

from psycopg.sql import SQL, Composable, Composed, Identifier

from consumers.postgres.rows import Column, Row, Table

_encode = JSONEncoder(ensure_ascii=False, check_circular=False, default=bytes.hex).encode
_NESTED = frozenset({dict, list})
_TEXTS = {
    "bytea": SQL("encode({}, 'hex')"),
    "timestamptz": SQL("floor(extract(epoch FROM {}) * 1000)::int8"),
}
_DIGEST = SQL("sha256(convert_to(json_build_array({})::text, 'UTF8'))")


def digest(row: Row) -> bytes:
    """SHA-256 of a row, equal for a projected row and for the stored one: differences show without the values."""
    values = [_ordered(value) if type(value) in _NESTED else value for value in row]
    return sha256(_encode(values).encode("utf-8", "surrogatepass")).digest()


def digest_sql(table: Table) -> Composed:
    """The same as an expression of SQL, of type bytea."""
    return _DIGEST.format(SQL(", ").join(_value(column) for column in table.columns))


def _value(column: Column) -> Composable:
    name = Identifier(column.name)
    return _TEXTS[column.type].format(name) if column.type in _TEXTS else name


def _ordered(value: Any) -> Any:
    """The value with the keys of its objects in the order of jsonb: the shorter first."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in _order(tuple(value))}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


# Few records differ in their keys.
@lru_cache(maxsize=1024)
def _order(keys: tuple[str, ...]) -> list[str]:
    return sorted(keys, key=lambda key: (len(encoded := key.encode("utf-8", "surrogatepass")), encoded))
