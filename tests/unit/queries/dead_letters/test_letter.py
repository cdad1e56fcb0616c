"""What stands is the last letter of each key; what is known of a record's refusals is never more than there were."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.dead_letters.letter import Letter, Place, Read, fold, matching, named
from schemas.records import DeadLetter
from sessiontrack.errors import NotFoundError, UsageError
from tests.unit.queries.dead_letters.letters import dead_letter, read, summary

KEYS = ("a", "b", "c")
STEPS = ("refuse", "redrive", "discard", "process")


@st.composite
def topics(draw: st.DrawFn) -> list[Read]:
    """What workers, redrives and discards write to one partition."""
    written: list[Read] = []
    steps = draw(
        st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(["refuse", "redrive", "discard", "process"])))
    )
    for time, (record_id, step) in enumerate(steps, 1):
        known = folded(written).get(f"sessiontrack.postgres/{record_id}")
        letter: DeadLetter | None = dead_letter(record_id=record_id, failed_at=time, first_failed_at=time)
        if step == "process":
            letter = None
        elif step != "refuse" and known:
            assert letter
            letter["first_failed_at"] = known.first_failed_at
            letter["tries"] = known.tries + (step == "redrive")
            letter["discarded_at"] = time if step == "discard" else None
        written.append(Read(Place(0, time), f"sessiontrack.postgres/{record_id}", letter))
    return written


def folded(reads: Sequence[Read]) -> dict[str, Letter]:
    letters: dict[str, Letter] = {}
    for each in reads:
        fold(letters, each)
    return letters


@given(topics())
def test_the_last_letter_of_each_key_stands(reads: list[Read]) -> None:
    last = {each.key: each for each in reads}
    standing = folded(reads)
    assert {key: letter.place for key, letter in standing.items()} == {
        key: each.place for key, each in last.items() if each.letter
    }
    assert {key for key, letter in standing.items() if letter.discarded_at} == {
        key for key, each in last.items() if each.letter and each.letter["discarded_at"]
    }


@given(topics())
def test_every_refusal_since_the_record_was_last_processed_is_counted(reads: list[Read]) -> None:
    for key, letter in folded(reads).items():
        since: list[DeadLetter] = []
        for each in reads:
            if each.key == key:
                since = [*since, each.letter] if each.letter else []
        refusals = [each for each in since if each["discarded_at"] is None]
        # Giving up what nobody has refused writes a letter all the same.
        assert letter.tries == max(len(refusals), 1)
        assert letter.first_failed_at == min(each["first_failed_at"] or 0 for each in since)


@given(topics(), st.integers(0, 50))
def test_compaction_changes_no_letter_that_stands(reads: list[Read], compacted_to: int) -> None:
    old, new = reads[:compacted_to], reads[compacted_to:]
    whole, compacted = folded(reads), folded([*{each.key: each for each in old}.values(), *new])
    assert whole.keys() == compacted.keys()
    for key, letter in compacted.items():
        assert letter.place == whole[key].place
        assert 1 <= letter.tries <= whole[key].tries
        assert letter.first_failed_at >= whole[key].first_failed_at


def test_a_letter_of_an_earlier_release_was_first_refused_when_it_says_it_was_refused() -> None:
    assert summary(failed_at=5, first_failed_at=None).first_failed_at == 5


def test_the_letters_of_other_groups_stand_apart() -> None:
    both = folded([read(dead_letter(group=group), offset) for offset, group in enumerate(("x", "y"))])
    assert len(both) == 2


def test_conditions_narrow_what_is_listed_the_latest_first() -> None:
    letters = [
        summary(record_id="1", stage="write", error_class="TerminalError", failed_at=10),
        summary(record_id="2", stage="decode", error_class="CodecError", failed_at=30),
        summary(record_id="3", group="test.group", stage="write", error_class="TerminalError", failed_at=20),
    ]

    def ids(**conditions: str | int) -> list[str]:
        return [letter.record_id for letter in matching(letters, **conditions)]  # type: ignore[arg-type]

    assert ids() == ["2", "3", "1"]
    assert ids(group="postgres") == ids(group="sessiontrack.postgres") == ["2", "1"]
    assert ids(group="test.group") == ["3"]
    assert ids(stage="write") == ids(error="TerminalError") == ["3", "1"]
    assert ids(since=20) == ["2", "3"]


def test_a_letter_is_named_by_what_tells_it_from_the_others() -> None:
    letters = [
        summary(record_id=record_id, group=group) for record_id, group in [("ab", "x"), ("ac", "x"), ("ab", "y")]
    ]
    assert named(letters, "ac").record_id == "ac"
    assert named(letters, "y/a").group == "y"
    with pytest.raises(UsageError, match="any of 2"):
        named(letters, "ab")
    with pytest.raises(NotFoundError):
        named(letters, "b")


def test_a_whole_id_names_its_letter_though_others_begin_with_it() -> None:
    letters = [summary(record_id=f"topic/1/{offset}") for offset in (7, 77)]
    assert named(letters, "topic/1/7").record_id == "topic/1/7"
