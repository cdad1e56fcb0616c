"""Reads values in Avro's binary encoding, by functions that are generated for a schema.

fastavro walks the schema for each value: a third of a microsecond a field, and an event has a hundred, most of them
null. A function that was written for this one schema takes a third of that; so one is written, as `dataclasses` does.
Of Avro this knows what our schemas use. Nothing is resolved: the value was written with this very schema.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from textwrap import indent
from typing import Any

# Value and where it begins; gives what stands there.
Read = Callable[[bytes, int], Any]

# A run of nullable fields that is no longer is read field by field: one look at all of them costs as much.
_SHORT_RUN = 3


def reader(schema: Any, *, whole: bool = True, without: Collection[str] = ()) -> Read:
    """A function that reads a value of this schema from a position to the end.

    The function raises IndexError, ValueError, KeyError or OverflowError where the bytes do not fit.

    Args:
        schema: Without remarks (`schemas.codec.without_remarks`).
        whole: Whether the value must end where its bytes do; if not, more may follow.
        without: Fields to pass over, as `Record.field`: the records do not have them.

    Raises:
        ValueError: The schema has something that is not supported: a union of other than null and one type, a float;
            or it does not have a field that is to be passed over.
    """
    source = _Source(without)
    body = source.read(schema, "value")
    if unknown := sorted(source.without):
        raise ValueError(f"the schema has no field {', '.join(unknown)}")
    functions = "\n".join([*source.functions, _function("read", f"{body}\nreturn value, at")])
    names: dict[str, Any] = dict(source.constants)
    exec(compile(functions, "<avro reader>", "exec"), names)  # noqa: S102  # of schemas in this package only
    read = names["read"]

    def read_all(data: bytes, at: int) -> Any:
        value, end = read(data, at)
        if end != len(data):
            raise ValueError("the value ends elsewhere than its bytes")
        return value

    def read_beginning(data: bytes, at: int) -> Any:
        value, end = read(data, at)
        if end > len(data):
            raise ValueError("the value goes on behind its bytes")
        return value

    return read_all if whole else read_beginning


def _long(data: bytes, at: int) -> tuple[int, int]:
    """The zigzag number at a position, and the position behind it."""
    number = shift = 0
    while (byte := data[at]) > 0x7F:
        number |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise OverflowError("a number of more than 64 bits")
    number |= byte << shift
    return number >> 1 ^ -(number & 1), at + 1


def _length(data: bytes, at: int) -> tuple[int, int]:
    """The number of bytes that follow; a negative one would lead back, and never to an end."""
    # Bit 7 says that it goes on, bit 0 that it is negative; most go on for one byte.
    if (first := data[at]) & 0x81 == 0x80 and (second := data[at + 1]) <= 0x7F:
        return (first & 0x7F | second << 7) >> 1, at + 2
    length, at = _long(data, at)
    if length < 0:
        raise ValueError("a negative length")
    return length, at


def _block(data: bytes, at: int) -> tuple[int, int]:
    """How many items the next block has; a negative number is followed by the block's size."""
    count, at = _long(data, at)
    if count < 0:
        count, (_, at) = -count, _length(data, at)
    if count > len(data) - at:
        raise ValueError("more items than bytes")
    return count, at


_LONG = """
{into} = data[at]
if {into} > 127:
    {into}, at = _long(data, at)
else:
    {into} = {into} >> 1 ^ -({into} & 1)
    at += 1
"""
# Bit 7 says that the length goes on, bit 0 that it is negative. Whatever is cut short leads beyond the end.
_TO_END = """
length = data[at]
if length & 129:
    length, at = _length(data, at)
    end = at + length
else:
    at += 1
    end = at + (length >> 1)
"""
_BYTES = (
    _TO_END
    + """
{into} = data[at:end]
at = end
"""
)
_STRING = _BYTES.replace("data[at:end]", "data[at:end].decode()")
_BOOLEAN = """
{into} = _BOOLEANS[data[at]]
at += 1
"""
_BEHIND_BYTES = _TO_END + "at = end"
_BEHIND_LONG = """
while data[at] > 127:
    at += 1
at += 1
"""
_PRIMITIVES = {"long": _LONG, "int": _LONG, "bytes": _BYTES, "string": _STRING, "boolean": _BOOLEAN}
# Of what is passed over only the end is looked for.
_PASSED = {
    "long": _BEHIND_LONG,
    "int": _BEHIND_LONG,
    "bytes": _BEHIND_BYTES,
    "string": _BEHIND_BYTES,
    "boolean": "at += 1",
}


class _Source:
    """Source code that reads a schema.

    Args:
        without: Fields to pass over.

    Attributes:
        without: Those of them that were not met yet.
        functions: One for each named type.
        constants: What they refer to.
    """

    def __init__(self, without: Collection[str]) -> None:
        self.without = set(without)
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {
            "_long": _long,
            "_length": _length,
            "_block": _block,
            "_BOOLEANS": (False, True),
        }
        self._named: set[str] = set()

    def read(self, schema: Any, into: str) -> str:
        """Statements that read a value at `at` into a variable, and move `at` behind it."""
        if isinstance(schema, list):
            return f"{into} = None\n" + _nullable(schema, self.read(schema[-1], into))
        if isinstance(schema, str):
            if schema in self._named:
                return f"{into}, at = read_{schema}(data, at)"
            if schema in _PRIMITIVES:
                return _PRIMITIVES[schema].strip().format(into=into)
            raise ValueError(f"the type {schema} is not supported")
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.read(kind, into)
        if kind in ("record", "enum"):
            self._name(schema["name"], self._record(schema) if kind == "record" else self._enum(schema))
            return self.read(schema["name"], into)
        if kind in ("array", "map"):
            body = self._array(schema) if kind == "array" else self._map(schema)
            name = f"{kind}_{len(self.functions)}"
            self._name(name, body)
            return self.read(name, into)
        return self.read(kind, into)

    def _name(self, name: str, body: str) -> None:
        self._named.add(name)
        self.functions.append(_function(f"read_{name}", body))

    def _record(self, schema: Any) -> str:
        """Most fields are null: what is read is filled into a copy of a record of which all are."""
        name = schema["name"]
        fields = [{**field, "is_passed": f"{name}.{field['name']}" in self.without} for field in schema["fields"]]
        self.without.difference_update(f"{name}.{field['name']}" for field in fields)
        self.constants[f"_{name}"] = {field["name"]: None for field in fields if not field["is_passed"]}
        body = [f"record = _{name}.copy()", *map(self._run, _runs(fields)), "return record, at"]
        return "\n".join(body)

    def _run(self, fields: list[Any]) -> str:
        """Reads fields of which either one is required, or all are nullable."""
        if len(fields) > _SHORT_RUN:
            half = len(fields) // 2
            rest = indent(f"{self._run(fields[:half])}\n{self._run(fields[half:])}", "    ")
            return f"if data.startswith({bytes(len(fields))!r}, at):\n    at += {len(fields)}\nelse:\n{rest}"
        return "\n".join(map(self._field, fields))

    def _field(self, field: Any) -> str:
        kind = field["type"]
        of_some = kind[-1] if isinstance(kind, list) else kind
        if field["is_passed"]:
            some = self._pass(of_some)
        else:
            some = f"{self.read(of_some, 'value')}\nrecord[{field['name']!r}] = value"
        return _nullable(kind, some) if isinstance(kind, list) else some

    def _pass(self, schema: Any) -> str:
        """Statements that move `at` behind a value."""
        kind = schema["type"] if isinstance(schema, dict) else schema
        return _PASSED[kind].strip() if kind in _PASSED else self.read(schema, "value")

    def _enum(self, schema: Any) -> str:
        name = f"_{schema['name']}"
        self.constants[name] = {2 * number: symbol for number, symbol in enumerate(schema["symbols"])}
        if len(schema["symbols"]) > 64:
            raise ValueError("an enum of more than 64 symbols is not supported")
        return f"return {name}[data[at]], at + 1"

    def _array(self, schema: Any) -> str:
        return _blocks("[]", self.read(schema["items"], "item"), "items.append(item)")

    def _map(self, schema: Any) -> str:
        read = f"{self.read('string', 'key')}\n{self.read(schema['values'], 'item')}"
        return _blocks("{}", read, "items[key] = item")


def _nullable(schema: list[Any], read: str) -> str:
    if len(schema) != 2 or schema[0] != "null":
        raise ValueError("a union other than of null and one type is not supported")
    return (
        f"branch = data[at]\nat += 1\nif branch == 2:\n{indent(read, '    ')}\n"
        "elif branch:\n    raise ValueError('no such branch of a union')"
    )


def _blocks(empty: str, read: str, store: str) -> str:
    one = indent(f"{read}\n{store}", "        ")
    return (
        f"items = {empty}\ncount, at = _block(data, at)\nwhile count:\n    for _ in range(count):\n{one}\n"
        "    count, at = _block(data, at)\nreturn items, at"
    )


def _runs(fields: list[Any]) -> Iterator[list[Any]]:
    """Each required field alone, nullable ones that follow each other together."""
    run: list[Any] = []
    for field in fields:
        if isinstance(field["type"], list):
            run.append(field)
            continue
        if run:
            yield run
        yield [field]
        run = []
    if run:
        yield run


def _function(name: str, body: str) -> str:
    return f"def {name}(data, at):\n{indent(body, '    ')}\n"
