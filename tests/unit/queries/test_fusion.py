"""How several rankings become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.fusion import HALF_LIFE_MS, RECENCY, Candidate, Fused, credited, fuse, recency_of

NOW = 1_800_000_000_000
EQUAL = {"text": 1.0, "semantic": 1.0}
RANKINGS = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8) for name in EQUAL}
)


def ranking(ids: str | list[str], at: int = 0) -> list[Candidate]:
    return [Candidate(each, "s", at, 1 / place) for place, each in enumerate(ids, 1)]


def order(**rankings: str) -> str:
    return "".join(each.id for each in fuse({name: ranking(ids) for name, ids in rankings.items()}, EQUAL, NOW))


def test_what_both_have_comes_before_what_one_has() -> None:
    assert order(text="abc", semantic="cde") == "cabde"


def test_one_ranking_stays_as_it_is() -> None:
    assert order(text="cab", semantic="") == "cab"


def test_a_weightier_ranking_decides() -> None:
    rankings = {"text": ranking("ab"), "semantic": ranking("ba")}
    assert [each.id for each in fuse(rankings, {"text": 1.0, "semantic": 1.1}, NOW)] == ["b", "a"]


def test_of_equals_the_newest_comes_first() -> None:
    rankings = {"text": [Candidate("old", "s", 1, 1.0)], "semantic": [Candidate("new", "s", 2, 1.0)]}
    assert [each.id for each in fuse(rankings, EQUAL, NOW)] == ["new", "old"]


def test_recent_messages_rise_a_little_and_not_over_what_fits_much_better() -> None:
    assert recency_of(NOW, NOW) == recency_of(NOW + 5, NOW) == 1 + RECENCY
    assert recency_of(NOW - HALF_LIFE_MS, NOW) == pytest.approx(1 + RECENCY / 2)
    assert recency_of(0, NOW) == pytest.approx(1)
    # The further down, the less two places differ.
    near = [*ranking([f"before {number}" for number in range(20)]), Candidate("old", "s", 0, 1.0)]
    order = [each.id for each in fuse({"text": [*near, Candidate("new", "s", NOW, 1.0)]}, EQUAL, NOW)]
    assert order.index("new") < order.index("old")
    far = [Candidate("old", "s", 0, 1.0), *ranking("abcdefgh"), Candidate("new", "s", NOW, 1.0)]
    assert next(iter(fuse({"text": far}, EQUAL, NOW))).id == "old"


def test_places_are_told() -> None:
    found = {each.id: each for each in fuse({"text": ranking("ab"), "semantic": ranking("b")}, EQUAL, NOW)}
    assert {name: place.rank for name, place in found["b"].places.items()} == {"text": 2, "semantic": 1}
    assert set(found["a"].places) == {"text"}


@given(RANKINGS)
def test_all_that_any_has_is_there_once_and_scores_fall(rankings: dict[str, list[str]]) -> None:
    fused = fuse({name: ranking(ids) for name, ids in rankings.items()}, EQUAL, NOW)
    assert sorted(each.id for each in fused) == sorted({each for ids in rankings.values() for each in ids})
    scores = [each.score for each in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@given(RANKINGS, st.sampled_from(sorted(EQUAL)), st.data())
def test_a_better_place_never_harms(rankings: dict[str, list[str]], name: str, data: st.DataObject) -> None:
    ids = rankings[name]
    if len(ids) < 2:
        return
    place = data.draw(st.integers(1, len(ids) - 1))
    better = [*ids[: place - 1], ids[place], ids[place - 1], *ids[place + 1 :]]

    def score(of: dict[str, list[str]]) -> float:
        found = fuse({each: ranking(of[each]) for each in of}, EQUAL, NOW)
        return next(each.score for each in found if each.id == ids[place])

    assert score(rankings | {name: better}) > score(rankings)


def test_a_turn_is_credited_for_the_one_after_it() -> None:
    fused = [Fused(each, session, 0, score, {}, 1.0) for each, session, score in TURNS]
    found = credited(fused, {"answer": 1, "thanks": 2, "other": 3, "elsewhere": 2})
    assert [each.id for each in found] == ["answer", "thanks", "elsewhere", "other", "unknown"]
    assert {each.id for each in found if each.after} == {"answer", "thanks"}
    assert all(0 < each.score <= 1 for each in found)


# By id, session and score.
TURNS = (
    ("thanks", "s", 0.6),
    ("elsewhere", "t", 0.55),
    ("answer", "s", 0.5),
    ("other", "s", 0.1),
    ("unknown", "s", 0.05),
)
