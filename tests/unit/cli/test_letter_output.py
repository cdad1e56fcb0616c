"""Dead letters as a person meets them."""

from __future__ import annotations

import pytest

from cli.letter_output import print_letters, print_original, print_outcomes
from operations.dead_letters.attempt import Refusal
from operations.dead_letters.redrive import Outcome
from queries.dead_letters.original import Original
from tests.unit.queries.dead_letters.letters import summary

LETTER = summary(record_id="abc", stage="write", reason="it does not fit", tries=3)


def test_a_list_says_whose_record_was_refused_where_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    print_letters([LETTER], json=False)
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("postgres", "abc", "write", "3", "it does not fit"))
    assert "sessiontrack.postgres" not in printed


def test_what_a_record_holds_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    headers = (("x\x1b", b"\x1b[2J"), ("empty", None))
    print_original(Original(LETTER, b"\x1b]0;k", b"v", headers, {"text": "hé\x1b[31m"}, None), json=False)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert '"hé' in printed


@pytest.mark.parametrize(
    ("discarded_at", "undecodable", "told"),
    [(None, "torn", "The value does not decode: torn. --raw"), (5, None, "It was given up")],
)
def test_why_there_is_no_record_to_show_is_told(
    discarded_at: int | None, undecodable: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = summary(discarded_at=discarded_at)
    print_original(Original(letter, None, None, (), None, undecodable), json=False)
    assert told in capsys.readouterr().out


def test_what_was_refused_again_is_named_and_the_rest_counted(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = Refusal("write", "TerminalError", "it still does not fit")
    print_outcomes([Outcome(LETTER, "refused", refusal), *[Outcome(LETTER, "processed")] * 2], json=False)
    assert capsys.readouterr().out.splitlines() == [
        "postgres  abc: write: it still does not fit",
        "2 processed, 1 refused again",
    ]


def test_where_there_is_none_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_letters([], json=False)
    assert capsys.readouterr().out.strip() == "No dead letters."
