"""Vectors as the topics carry them: IEEE 754 half precision, little-endian, two bytes a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import pack, unpack

_BYTES = 2
# What every store takes.
_MOST_DIMENSIONS = 4096
_NO_LETTER = re.compile("[^a-z0-9]+")


def encode_vector(numbers: Iterable[float]) -> bytes:
    """A vector in bytes.

    Args:
        numbers: Of a vector of length 1; each is rounded to a relative 2^-11.
    """
    values = tuple(numbers)
    return pack(f"<{len(values)}e", *values)


def decode_vector(vector: bytes) -> tuple[float, ...]:
    """The numbers of a vector.

    Raises:
        ValueError: Half a number is missing.
    """
    if len(vector) % _BYTES:
        raise ValueError(f"a vector of {len(vector)} bytes")
    return unpack(f"<{len(vector) // _BYTES}e", vector)


def vector_bytes(dimensions: int) -> int:
    """The length of a vector in bytes."""
    return _BYTES * dimensions


def space_slug(space: str) -> str:
    """The name of a space where only lower-case letters, digits and hyphens may stand: in names of indexes and groups.

    Args:
        space: Such as `all-minilm-l6-v2@384`, which becomes `all-minilm-l6-v2-384`.
    """
    return _NO_LETTER.sub("-", space.lower()).strip("-")


def space_dimensions(space: str) -> int:
    """The length of a space's vectors, which its name ends with.

    Raises:
        ValueError: It is no name of a space.
    """
    model, _, dimensions = space.rpartition("@")
    if not (_NO_LETTER.sub("", model.lower()) and dimensions.isdecimal() and 0 < int(dimensions) <= _MOST_DIMENSIONS):
        raise ValueError(f"no name of a space: {space[:200]!r}")
    return int(dimensions)
