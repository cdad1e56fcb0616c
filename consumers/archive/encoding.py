"""Avro's binary encoding, written out for what is done for every record.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


def _zigzag(number: int) -> bytes:
    rest = number << 1 ^ number >> 63
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


# Those of one or two bytes: nearly all lengths and gaps.
_SHORT = tuple(map(_zigzag, range(1 << 13)))
NULL, SOME = _SHORT[0], _SHORT[1]


def encode_long(number: int) -> bytes:
    """A zigzag number of variable length."""
    return _SHORT[number] if 0 <= number < len(_SHORT) else _zigzag(number)


def encode_bytes(content: bytes) -> bytes:
    """Bytes, or the UTF-8 of a string, behind their length."""
    return encode_long(len(content)) + content


def encode_array(items: Sequence[bytes]) -> bytes:
    """An array of what is encoded already, in one block."""
    return b"".join((encode_long(len(items)), *items, NULL)) if items else NULL


def encode_headers(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """An array of records, each a name and nullable bytes."""
    if not headers:
        return NULL
    parts = [encode_long(len(headers))]
    for name, content in headers:
        parts.append(_name(name))
        parts += (NULL,) if content is None else (SOME, encode_long(len(content)), content)
    parts.append(NULL)
    return b"".join(parts)


# Producers use few names; whoever makes them up is not remembered without a bound.
@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return encode_bytes(name.encode())
