"""What was found, as a person reads it."""

from __future__ import annotations

import pytest

from cli.hits import print_sessions
from queries.fulltext.index import Turn
from queries.hits import Hit
from queries.session_search import Passage, SessionHit, SessionsFound


def turn(number: int, text: str) -> Turn:
    return Turn(f"e{number}", number, "assistant", None, text)


def hit(number: int, text: str) -> Hit:
    return Hit(
        session_id="s",
        message_id=f"m{number}",
        entry_id=f"e{number}",
        role="user",
        timestamp=f"2026-01-24T09:3{number}:00.000Z",
        score=1.0,
        snippet=text,
        sender=None,
        channel=None,
        agent=None,
        model=None,
        project=None,
        title=None,
    )


def test_a_session_shows_each_passage_once_with_its_time_and_nothing_empty(capsys: pytest.CaptureFixture[str]) -> None:
    passages = (
        Passage(hit(1, "first"), before=(), after=(turn(2, ""), turn(3, "between"), turn(4, "second"))),
        Passage(hit(4, "second"), before=(turn(2, ""), turn(3, "between")), after=(turn(5, "last"),)),
    )
    session = SessionHit("s", None, 1.0, None, None, None, None, passages)
    print_sessions(SessionsFound([session], "text", ()), json=False)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    said = [line for line in lines if ": " in line]
    assert said == ["Person: first", "Assistant: between", "Person: second", "Assistant: last"]
    assert sum("2026-01-24" in line for line in lines) == 2
