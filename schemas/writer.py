"""Writes values in Avro's binary encoding, by functions that are generated for a schema.

fastavro tries the branches of a union by validating the value against each, which for our records of some hundred
nullable fields takes two thirds of the time. Of Avro this knows what our schemas use, as `schemas.reader` does.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from textwrap import indent
from typing import Any

Write = Callable[[Any], bytes]


def writer(schema: Any) -> Write:
    """A function that gives a value of this schema in bytes.

    The function raises ValueError, TypeError, KeyError or AttributeError where the value does not fit.

    Raises:
        ValueError: The schema has something that is not supported: a union of other than null and one type, a float.
    """
    source = _Source()
    body = source.write(schema, "value")
    functions = "\n".join([*source.functions, _function("write", body)])
    names: dict[str, Any] = dict(source.constants)
    exec(compile(functions, "<avro writer>", "exec"), names)  # noqa: S102  # of schemas in this package only
    add_parts = names["write"]

    def write(value: Any) -> bytes:
        parts: list[bytes] = []
        add_parts(parts.append, value)
        return b"".join(parts)

    return write


# What takes more than two bytes comes again too: versions, and a time in all records that it leads to.
@lru_cache(maxsize=4096)
def _long(value: int) -> bytes:
    """A number, zigzag."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("an integer is too large for a long")
    rest = (value << 1) ^ (value >> 63)
    code = bytearray()
    while rest > 0x7F:
        code.append(rest & 0x7F | 0x80)
        rest >>= 7
    code.append(rest)
    return bytes(code)


def _int(value: int) -> bytes:
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError("an integer is too large for an int")
    return _long(value)


# The codes of one and two bytes, looked up: nearly all lengths and counts are below 8,192.
_CODES = [_long(number) for number in range(8192)]

# Branches of a union with null, and what else is a single byte.
_NULL, _SOME, _END = b"\0", b"\2", b"\0"
_BOOLEANS = (b"\0", b"\1")

_NUMBER = """
if 0 <= {value} < 8192:
    add(_CODES[{value}])
else:
    add({write}({value}))
"""
_BYTES = """
data = {value}
length = len(data)
if length < 8192:
    add(_CODES[length])
else:
    add(_long(length))
add(data)
"""
_PRIMITIVES = {
    "long": _NUMBER.replace("{write}", "_long"),
    "int": _NUMBER.replace("{write}", "_int"),
    "bytes": _BYTES,
    "string": _BYTES.replace("{value}", "{value}.encode()"),
    "boolean": "add(_BOOLEANS[{value} is True])",
}


class _Source:
    """Source code that writes a schema.

    Attributes:
        functions: One for each named type.
        constants: What they refer to.
    """

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {
            "_long": _long,
            "_int": _int,
            "_CODES": _CODES,
            "_NULL": _NULL,
            "_SOME": _SOME,
            "_END": _END,
            "_BOOLEANS": _BOOLEANS,
        }
        self._named: set[str] = set()

    def write(self, schema: Any, value: str) -> str:
        """Statements that add the value of a variable, as parts of the bytes."""
        if isinstance(schema, list):
            return self._nullable(schema, value)
        if isinstance(schema, str):
            if schema in self._named:
                return f"write_{schema}(add, {value})"
            if schema in _PRIMITIVES:
                return _PRIMITIVES[schema].strip().format(value=value)
            raise ValueError(f"the type {schema} is not supported")
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.write(kind, value)
        if kind == "enum":
            self.constants[f"_{schema['name']}"] = {
                symbol: _long(number) for number, symbol in enumerate(schema["symbols"])
            }
            return self._call(schema["name"], f"add(_{schema['name']}[value])", value)
        if kind == "record":
            return self._call(schema["name"], self._record(schema["name"], schema["fields"]), value)
        if kind in ("array", "map"):
            body = self._array(schema) if kind == "array" else self._map(schema)
            return self._call(f"{kind}_{len(self.functions)}", body, value)
        return self.write(kind, value)

    def _call(self, name: str, body: str, value: str) -> str:
        self._named.add(name)
        self.functions.append(_function(f"write_{name}", body))
        return self.write(name, value)

    def _record(self, name: str, fields: list[Any]) -> str:
        """Takes all values at once, by one call; what is left out has its default."""
        self.constants[f"_{name}_values"] = itemgetter(*(field["name"] for field in fields))
        self.constants[f"_{name}_defaults"] = {
            field["name"]: field["default"] for field in fields if "default" in field
        }
        items = [f"item_{place}" for place in range(len(fields))]
        found = ", ".join(items)
        body = [self.write(field["type"], item) for field, item in zip(fields, items, strict=True)]
        return (
            f"try:\n    {found} = _{name}_values(value)\n"
            f"except KeyError:\n    {found} = _{name}_values(_{name}_defaults | value)\n" + "\n".join(body)
        )

    def _nullable(self, schema: list[Any], value: str) -> str:
        if len(schema) != 2 or schema[0] != "null":
            raise ValueError("a union other than of null and one type is not supported")
        some = indent(self.write(schema[1], value), "    ")
        return f"if {value} is None:\n    add(_NULL)\nelse:\n    add(_SOME)\n{some}"

    def _array(self, schema: Any) -> str:
        return _block("item in value", self.write(schema["items"], "item"))

    def _map(self, schema: Any) -> str:
        return _block(
            "key, item in value.items()", f"{self.write('string', 'key')}\n{self.write(schema['values'], 'item')}"
        )


def _block(each: str, write: str) -> str:
    """All items in one block, and the end."""
    return f"if value:\n    add(_long(len(value)))\n    for {each}:\n{indent(write, '        ')}\nadd(_END)"


def _function(name: str, body: str) -> str:
    return f"def {name}(add, value):\n{indent(body, '    ')}\n"
