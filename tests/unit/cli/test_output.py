"""What is printed: nothing steers the terminal, nothing is cut."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import counted, local_time, print_json, print_table, safe


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


def test_sentences_in_a_table_break_where_the_terminal_is_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(["id", "found", "mend"], [("a" * 20, "found " * 20, "mend " * 20)], wrapped=["found"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("a" * 20 in line for line in lines)


@pytest.mark.parametrize(
    ("zone", "shown"), [("UTC", "2026-01-24 09:37 UTC"), ("Europe/Berlin", "2026-01-24 10:37 CET")]
)
def test_a_time_is_local_and_names_its_zone(zone: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_time(1_769_247_434_000) == shown
    finally:
        monkeypatch.undo()
        time.tzset()


def test_one_is_no_plural() -> None:
    assert (counted(1, "file"), counted(1_200, "file")) == ("1 file", "1,200 files")


def test_json_is_text_that_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "ü\ud800"})
    assert json.loads(capsys.readouterr().out) == {"text": "ü\ufffd"}
