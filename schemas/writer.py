"""Writes values in Avro's binary encoding, by functions that are generated for a schema.

fastavro tries the branches of a union by validating the value against each, which for our records of some hundred
nullable fields takes two thirds of the time. Of Avro this knows what our schemas use, as `schemas.reader` does.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent
from typing import Any

Write = Callable[[bytearray, Any], None]


def writer(schema: Any) -> Write:
    """A function that appends a value of this schema to a buffer.

    The function raises ValueError, TypeError, KeyError or AttributeError where the value does not fit.

    Raises:
        ValueError: The schema has something that is not supported: a union of other than null and one type, a float.
    """
    source = _Source()
    body = source.write(schema, "value")
    functions = "\n".join([*source.functions, _function("write", body)])
    names: dict[str, Any] = dict(source.constants)
    exec(compile(functions, "<avro writer>", "exec"), names)  # noqa: S102  # of schemas in this package only
    write: Write = names["write"]
    return write


def _long(buffer: bytearray, value: int) -> None:
    """Appends a number, zigzag."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("an integer is too large for a long")
    rest = (value << 1) ^ (value >> 63)
    append = buffer.append
    while rest > 0x7F:
        append(rest & 0x7F | 0x80)
        rest >>= 7
    append(rest)


def _int(buffer: bytearray, value: int) -> None:
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError("an integer is too large for an int")
    _long(buffer, value)


# Numbers below 64, and texts as short, take one byte.
_NUMBER = """
if 0 <= {value} < 64:
    append({value} << 1)
else:
    {write}(buffer, {value})
"""
_BYTES = """
data = {value}
length = len(data)
if length < 64:
    append(length << 1)
else:
    _long(buffer, length)
buffer += data
"""
_PRIMITIVES = {
    "long": _NUMBER.replace("{write}", "_long"),
    "int": _NUMBER.replace("{write}", "_int"),
    "bytes": _BYTES,
    "string": _BYTES.replace("{value}", "{value}.encode()"),
    "boolean": "append({value} is True)",
}


class _Source:
    """Source code that writes a schema.

    Attributes:
        functions: One for each named type.
        constants: What they refer to.
    """

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {"_long": _long, "_int": _int}
        self._named: set[str] = set()

    def write(self, schema: Any, value: str) -> str:
        """Statements that append the value of a variable to `buffer`."""
        if isinstance(schema, list):
            return self._nullable(schema, value)
        if isinstance(schema, str):
            if schema in self._named:
                return f"write_{schema}(buffer, {value})"
            if schema in _PRIMITIVES:
                return _PRIMITIVES[schema].strip().format(value=value)
            raise ValueError(f"the type {schema} is not supported")
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.write(kind, value)
        if kind == "enum":
            self.constants[f"_{schema['name']}"] = _codes(schema["symbols"])
            return self._call(schema["name"], f"buffer += _{schema['name']}[value]", value)
        if kind == "record":
            return self._call(schema["name"], "\n".join(map(self._field, schema["fields"])), value)
        if kind in ("array", "map"):
            body = self._array(schema) if kind == "array" else self._map(schema)
            return self._call(f"{kind}_{len(self.functions)}", body, value)
        return self.write(kind, value)

    def _call(self, name: str, body: str, value: str) -> str:
        self._named.add(name)
        self.functions.append(_function(f"write_{name}", body))
        return self.write(name, value)

    def _field(self, field: Any) -> str:
        name = field["name"]
        found = f"value[{name!r}]"
        if "default" in field:
            found = f"value.get({name!r}, {field['default']!r})"
        return f"item = {found}\n{self.write(field['type'], 'item')}"

    def _nullable(self, schema: list[Any], value: str) -> str:
        if len(schema) != 2 or schema[0] != "null":
            raise ValueError("a union other than of null and one type is not supported")
        return (
            f"if {value} is None:\n    append(0)\nelse:\n    append(2)\n{indent(self.write(schema[1], value), '    ')}"
        )

    def _array(self, schema: Any) -> str:
        return _block("item in value", self.write(schema["items"], "item"))

    def _map(self, schema: Any) -> str:
        return _block(
            "key, item in value.items()", f"{self.write('string', 'key')}\n{self.write(schema['values'], 'item')}"
        )


def _block(each: str, write: str) -> str:
    """All items in one block, and the end."""
    return f"if value:\n    _long(buffer, len(value))\n    for {each}:\n{indent(write, '        ')}\nappend(0)"


def _codes(symbols: list[str]) -> dict[str, bytes]:
    codes = {}
    for number, symbol in enumerate(symbols):
        code = bytearray()
        _long(code, number)
        codes[symbol] = bytes(code)
    return codes


def _function(name: str, body: str) -> str:
    return f"def {name}(buffer, value):\n    append = buffer.append\n{indent(body, '    ')}\n"
