"""JSON as ``JSON.stringify`` of JavaScript writes it, byte for byte.

Python's ``json`` differs in the numbers: it writes ``0.0`` for ``0`` and ``5e-05`` for ``0.00005``. The generator's
transcripts have to look like the true ones in every byte, so numbers follow ECMA-262, Number::toString.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Mapping[str, Json] | Sequence[Json] | None"

# Number::toString writes plain digits within these powers of ten and an exponent outside of them.
_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21


def number(value: float) -> str:
    """Writes a finite number the way JavaScript does.

    Both languages print the shortest digits that read back as the same double; only the notation differs.
    """
    if value == int(value) and abs(value) < _PLAIN_BELOW:
        return str(int(value))
    digits = repr(float(value))
    if "e" not in digits:
        return digits
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return format(Decimal(digits), "f")
    mantissa, exponent = digits.split("e")
    return f"{mantissa}e{int(exponent):+d}"


def stringify(value: Json) -> str:
    """``JSON.stringify(value)``: compact, keys in the order given, nothing escaped that need not be."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{encode_basestring(key)}:{stringify(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(stringify, value)) + "]"
    return _scalar(value)


def stringify_indented(value: Json, margin: str = "") -> str:
    """``JSON.stringify(value, null, 2)``: what ``sessions.json`` and the texts of many tool results look like."""
    inner = margin + "  "
    if isinstance(value, Mapping) and value:
        items = [f"{inner}{encode_basestring(key)}: {stringify_indented(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{margin}}}"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return "[\n" + ",\n".join(inner + stringify_indented(item, inner) for item in value) + f"\n{margin}]"
    return stringify(value)


def _scalar(value: float | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value)
