"""The corpus writes JSON as JavaScript does."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus.javascript import Json, number, stringify, stringify_indented

_TEXT = st.text(st.characters(codec="utf-8"))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (3, "3"),
        (0.00005, "0.00005"),
        (0.0000015, "0.0000015"),
        (1.5e-7, "1.5e-7"),
        (0.011565900000000002, "0.011565900000000002"),
        (1e21, "1e+21"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(value: float, written: str) -> None:
    assert number(value) == written


@given(_JSON)
def test_what_is_written_reads_back(value: Json) -> None:
    assert json.loads(stringify(value)) == value
    assert json.loads(stringify_indented(value)) == value


def test_javascript_writes_the_same_bytes() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: JSON.stringify itself can't be asked")
    value: Json = {
        "ä\u2028\x7f": ['\x00\x1b\n"\\/', 0.00007, 1e-9, 12.50, -0.5, {}, [], None, True],
        "日本": {"ok": 1e20},
    }
    script = (
        "const v = JSON.parse(process.argv[1]); console.log(JSON.stringify(v)); console.log(JSON.stringify(v, null, 2))"
    )
    run = subprocess.run([node, "-e", script, json.dumps(value)], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout == f"{stringify(value)}\n{stringify_indented(value)}\n"
