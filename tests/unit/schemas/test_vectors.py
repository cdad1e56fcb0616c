"""Vectors in bytes."""

from __future__ import annotations

from math import hypot

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vectors import decode_vector, encode_vector, space_dimensions, space_slug

NUMBERS = st.lists(st.floats(-1, 1), min_size=1, max_size=64).filter(lambda numbers: hypot(*numbers) > 0.01)


@given(NUMBERS)
def test_a_vector_survives_but_for_a_rounding(numbers: list[float]) -> None:
    decoded = decode_vector(encode_vector(numbers))
    assert decoded == pytest.approx(numbers, rel=2**-11, abs=2**-24)
    assert encode_vector(decoded) == encode_vector(numbers)


@given(NUMBERS)
def test_it_is_what_numpy_calls_little_endian_half_precision(numbers: list[float]) -> None:
    assert encode_vector(numbers) == np.array(numbers, dtype="<f2").tobytes()


def test_half_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        decode_vector(b"abc")


@pytest.mark.parametrize(
    ("space", "slug"),
    [
        ("all-minilm-l6-v2@384", "all-minilm-l6-v2-384"),
        ("nomic-embed-text:v1.5@768", "nomic-embed-text-v1-5-768"),
    ],
)
def test_a_space_has_a_name_for_indexes_and_groups(space: str, slug: str) -> None:
    assert space_slug(space) == slug


def test_a_space_tells_the_length_of_its_vectors() -> None:
    assert space_dimensions("all-minilm-l6-v2@384") == 384


@pytest.mark.parametrize(
    "space", ["", "model", "model@", "model@0", "model@4097", "model@-1", "@384", "--@384", "m@3.5"]
)
def test_what_names_no_space_is_refused(space: str) -> None:
    with pytest.raises(ValueError, match="no name of a space"):
        space_dimensions(space)
