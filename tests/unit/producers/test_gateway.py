from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.gateway import Made, Sent, SentLifecycle, SentLine, decode_place, encode_place, make_events
from producers.transcript import Transcript, TranscriptSource, split_lines
from sessiontrack.errors import UsageError
from tests.unit.producers.clawdbot.writing import header, message

LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])), min_size=1, max_size=12)


def line(text: str, after: str | None = None, session_id: str = "s") -> SentLine:
    return SentLine(session_id=session_id, agent_id="main", line=text, after=after)


def made(*batch: Sent) -> list[Made]:
    return make_events(batch, "clawdbot", captured_at=0)


def of_transcript(data: bytes) -> list[object]:
    transcript = Transcript(TranscriptSource(session_id="s", agent_id="main"))
    lines, _ = split_lines(data)
    return [transcript.append(each, captured_at=0) for each in lines]


@given(LINES, st.integers(0, 12))
def test_however_it_is_cut_into_batches_the_events_are_those_of_the_transcript(texts: list[str], cut: int) -> None:
    texts = [header("s").decode().rstrip("\n"), *texts]
    first = made(*(line(text) for text in texts[: cut + 1]))
    rest = texts[cut + 1 :]
    last = first[-1].after
    second = made(*(line(text, last if place == 0 else None) for place, text in enumerate(rest)))
    assert [each.event for each in first + second] == of_transcript("".join(f"{text}\n" for text in texts).encode())


def test_sessions_of_a_batch_do_not_mix() -> None:
    alone = made(line("{}"), line("[]"))
    mixed = made(line("{}"), line("1", session_id="t"), line("[]"))
    assert [mixed[0], mixed[2]] == alone


def test_what_follows_a_refused_line_is_refused_and_all_else_is_not() -> None:
    ended = SentLifecycle(session_id="s", agent_id=None, action="ended", at=1)
    outcomes = made(line("{}"), line("a\nb"), line("{}"), line("{}", session_id="t"), ended)
    assert [each.error is None for each in outcomes] == [True, False, False, True, True]


@pytest.mark.parametrize("place", ["", "nonsense", "bm9uc2Vuc2U", "é" * 10, "A" * 100_000])
def test_what_is_no_place_is_refused(place: str) -> None:
    (outcome,) = made(line("{}", place))
    assert isinstance(outcome.error, UsageError)


def test_a_place_is_of_one_session() -> None:
    transcript = Transcript(TranscriptSource(session_id="s"))
    transcript.append(header("s"), captured_at=0)
    transcript.append(message(1), captured_at=0)
    place = encode_place("s", transcript.position)
    assert decode_place("s", place) == transcript.position | {"sha256": ""}
    with pytest.raises(UsageError, match="another session"):
        decode_place("t", place)
