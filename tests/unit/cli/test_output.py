"""What is printed: nothing steers the terminal, nothing is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import print_json, print_table, safe


@given(st.text())
def test_printed_text_steers_no_terminal(text: str) -> None:
    assert not {character for character in safe(text) if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0} - {
        "\t",
        "\n",
    }


def test_a_table_keeps_its_cells_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "text"], [("11111111-2222-4333-8444-555555555555", "x" * 60 + "\x1b[2J")])
    output = capsys.readouterr().out
    assert "11111111-2222-4333-8444-555555555555" in output
    assert "\x1b[2J" not in output


def test_json_is_text_that_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "ü\ud800"})
    assert json.loads(capsys.readouterr().out) == {"text": "ü\ufffd"}
