from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.folded import PAGE_FACTS, Folded


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans())))
def test_a_fact_comes_first_once(steps: list[tuple[int, bool]]) -> None:
    pages: dict[str, bytes] = {}
    folded = Folded(pages.get)
    first: dict[bytes, int] = {}
    for position, (number, saves) in enumerate(steps):
        fact = number.to_bytes(2, "big") * 4
        assert folded.add(fact, position) == (first.setdefault(fact, position) == position)
        if saves:
            pages.update(folded.touched())
            folded = Folded(pages.get)


def test_the_same_event_again_is_still_the_first() -> None:
    pages: dict[str, bytes] = {}
    folded = Folded(pages.get)

    assert folded.add(b"12345678", 7)
    pages.update(folded.touched())

    assert Folded(pages.get).add(b"12345678", 7)
    assert not Folded(pages.get).add(b"12345678", 8)


def test_pages_are_bounded_and_few() -> None:
    pages: dict[str, bytes] = {}
    facts = [(number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big") for number in range(50_000)]
    written = 0
    for start in range(0, len(facts), 50):
        folded = Folded(pages.get)
        assert all(folded.add(fact, start + place) for place, fact in enumerate(facts[start : start + 50]))
        touched = dict(folded.touched())
        written += sum(map(len, touched.values()))
        pages.update(touched)

    assert max(map(len, pages.values())) <= PAGE_FACTS * 16 + 1
    assert max(map(len, pages)) <= 3
    assert written < 1_000 * len(facts)
    assert not any(Folded(pages.get).add(fact, 50_000) for fact in facts[::997])


@given(st.integers(0, 2_000), st.integers(1, 200), st.data())
def test_wherever_writing_stops_no_fact_is_lost(before: int, new: int, data: st.DataObject) -> None:
    facts = [(number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big") for number in range(before + new)]
    pages: dict[str, bytes] = {}
    folded = Folded(pages.get)
    for position, fact in enumerate(facts[:before]):
        folded.add(fact, position)
        if position % 100 == 99:
            pages.update(folded.touched())
            folded = Folded(pages.get)
    pages.update(folded.touched())

    stopped = Folded(pages.get)
    for position, fact in enumerate(facts[before:], start=before):
        stopped.add(fact, position)
    touched = list(stopped.touched())
    pages.update(touched[: data.draw(st.integers(0, len(touched)))])

    again = Folded(pages.get)
    assert not any(again.add(fact, before + new) for fact in facts[:before])
    assert all(again.add(fact, position) for position, fact in enumerate(facts[before:], start=before))
