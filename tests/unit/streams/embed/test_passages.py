"""How a text is cut into passages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontrack.providers.embedder import estimated_tokens
from streams.embed.passages import Passage, passages

MOST = 24
# What structure is made of, and what has none.
PARTS = (
    "\n\n",
    "\n",
    "```\n",
    "~~~\n",
    "```py\n",
    " ",
    ". ",
    "。",
    "word",
    "x" * 50,
    "é",
    "猫",
    "a b c d e f. ",
    "\t",
    "\x0b",
)
TEXTS = st.one_of(st.lists(st.sampled_from(PARTS), max_size=60).map("".join), st.text(max_size=300))


def words(text: str) -> int:
    return len(text.split())


def cut(text: str, most: int = MOST) -> list[str]:
    return [text[start:end] for start, end in passages(text, [Passage(0, len(text))], most, words)]


@pytest.mark.parametrize("count_tokens", [words, estimated_tokens])
@given(text=TEXTS, most=st.integers(4, 40))
def test_every_character_is_in_a_passage_and_every_passage_fits(text: str, most: int, count_tokens) -> None:  # type: ignore[no-untyped-def]
    found = passages(text, [Passage(0, len(text))], most, count_tokens)

    covered = {place for start, end in found for place in range(start, end)}
    assert {place for place, character in enumerate(text) if not character.isspace()} <= covered
    assert all(count_tokens(text[start:end]) <= most or end - start == 1 for start, end in found)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in found)
    assert found == sorted(found)
    assert found == passages(text, [Passage(0, len(text))], most, count_tokens)


@given(text=TEXTS, cuts=st.lists(st.integers(0, 300), max_size=6))
def test_only_what_is_asked_for_is_in_a_passage(text: str, cuts: list[int]) -> None:
    places = sorted({min(place, len(text)) for place in cuts})
    spans = [Passage(*pair) for pair in zip(places[::2], places[1::2], strict=False)]

    found = passages(text, spans, MOST, words)

    wanted = {place for start, end in spans for place in range(start, end) if not text[place].isspace()}
    covered = {place for start, end in found for place in range(start, end) if not text[place].isspace()}
    assert covered == wanted


def test_a_short_text_is_one_passage() -> None:
    assert cut("Shall we?\n\nYes, we shall.\n") == ["Shall we?\n\nYes, we shall."]


def test_paragraphs_stay_together_while_they_fit() -> None:
    assert cut("one two\n\nthree four\n\nfive six", 4) == ["one two\n\nthree four", "five six"]


def test_code_stays_whole_with_its_blank_lines() -> None:
    code = "```py\nimport this\n\nprint(this.s)  # all of it\n```"
    assert cut(f"before it comes a lot of text\n{code}\nafter it", 10) == [
        "before it comes a lot of text",
        code,
        "after it",
    ]


def test_a_paragraph_that_does_not_fit_is_cut_between_sentences() -> None:
    assert cut("One is here. Two is there. Three is nowhere.", 6) == ["One is here. Two is there.", "Three is nowhere."]


def test_where_a_block_is_cut_small_pieces_stand_on_both_sides() -> None:
    text = " ".join(f"{number} is a line.\n" for number in range(16))
    found = cut(text, 32)
    assert len(found) == 3
    assert all(after.splitlines()[0].strip() in before for before, after in pairwise(found))


def test_whole_paragraphs_are_not_repeated() -> None:
    found = cut("\n\n".join(f"{number} is a paragraph" for number in range(10)), 9)
    assert "\n\n".join(found) == "\n\n".join(f"{number} is a paragraph" for number in range(10))


def test_a_fence_that_is_never_closed_takes_no_time() -> None:
    assert len(cut("```x\n" * 20_000, 100)) > 100
