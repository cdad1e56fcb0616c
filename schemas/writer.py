"""Writes values in Avro's binary encoding, by functions made once for a schema.

fastavro tries the branches of a union by validating the value against each, which for our records of some hundred
nullable fields takes two thirds of the time. Of Avro this knows what our schemas use.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Write = Callable[[bytearray, Any], None]

_REQUIRED = object()


def writer(schema: Any) -> Write:
    """A function that appends a value of this schema to a buffer.

    The function raises ValueError, TypeError, KeyError or AttributeError where the value does not fit.

    Raises:
        ValueError: The schema has something that is not supported: a union of other than null and one type, a float.
    """
    return _writer(schema, {})


def _writer(schema: Any, named: dict[str, Write]) -> Write:
    if isinstance(schema, list):
        return _nullable(schema, named)
    if isinstance(schema, str):
        if write := named.get(schema) or _PRIMITIVES.get(schema):
            return write
        raise ValueError(f"the type {schema} is not supported")
    make = _COMPLEX.get(schema["type"]) if isinstance(schema["type"], str) else None
    return make(schema, named) if make else _writer(schema["type"], named)


def _long(buffer: bytearray, value: int) -> None:
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("an integer is too large for a long")
    rest = (value << 1) ^ (value >> 63)
    while rest > 0x7F:
        buffer.append(rest & 0x7F | 0x80)
        rest >>= 7
    buffer.append(rest)


def _int(buffer: bytearray, value: int) -> None:
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError("an integer is too large for an int")
    _long(buffer, value)


def _bytes(buffer: bytearray, value: bytes) -> None:
    _long(buffer, len(value))
    buffer += value


def _string(buffer: bytearray, value: str) -> None:
    _bytes(buffer, value.encode("utf-8"))


def _boolean(buffer: bytearray, value: bool) -> None:
    buffer.append(value is True)


def _nullable(schema: list[Any], named: dict[str, Write]) -> Write:
    if len(schema) != 2 or schema[0] != "null":
        raise ValueError("a union other than of null and one type is not supported")
    inner = _writer(schema[1], named)

    def write(buffer: bytearray, value: Any) -> None:
        if value is None:
            buffer.append(0)
        else:
            buffer.append(2)
            inner(buffer, value)

    return write


def _record(schema: Any, named: dict[str, Write]) -> Write:
    fields: list[tuple[str, Any, Write]] = []

    def write(buffer: bytearray, value: Any) -> None:
        for name, default, inner in fields:
            inner(buffer, value[name] if default is _REQUIRED else value.get(name, default))

    named[schema["name"]] = write
    fields += [
        (field["name"], field.get("default", _REQUIRED), _writer(field["type"], named)) for field in schema["fields"]
    ]
    return write


def _array(schema: Any, named: dict[str, Write]) -> Write:
    inner = _writer(schema["items"], named)

    def write(buffer: bytearray, value: Any) -> None:
        if value:
            _long(buffer, len(value))
            for item in value:
                inner(buffer, item)
        buffer.append(0)

    return write


def _map(schema: Any, named: dict[str, Write]) -> Write:
    inner = _writer(schema["values"], named)

    def write(buffer: bytearray, value: Any) -> None:
        if value:
            _long(buffer, len(value))
            for name, item in value.items():
                _string(buffer, name)
                inner(buffer, item)
        buffer.append(0)

    return write


def _enum(schema: Any, named: dict[str, Write]) -> Write:
    codes: dict[str, bytes] = {}
    for number, symbol in enumerate(schema["symbols"]):
        code = bytearray()
        _long(code, number)
        codes[symbol] = bytes(code)

    def write(buffer: bytearray, value: str) -> None:
        buffer += codes[value]

    named[schema["name"]] = write
    return write


_PRIMITIVES: dict[str, Write] = {"long": _long, "int": _int, "bytes": _bytes, "string": _string, "boolean": _boolean}
_COMPLEX = {"record": _record, "array": _array, "map": _map, "enum": _enum}
