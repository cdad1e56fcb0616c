"""Hits that say nearly the same are one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from queries.distinct import distinct, fingerprint, nearly_equal
from queries.fulltext.index import Found
from queries.fusion import Fused
from queries.query_language import Query, parse_query

PAGE = "The nightly backup of the photos ended with an error because the disk of the server was full again today"
QUERY = parse_query("backup")


class Stored:
    """Texts by message id; what has none does not fulfil what is asked."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        return {each: Found({"text": self._texts[each]}, "", None) for each in message_ids if each in self._texts}


def shown(ids: Sequence[str], begin: int, limit: int, **texts: str) -> tuple[list[tuple[str, int]], int]:
    fused = [Fused(each, "s", 0, 1.0, {}, 1.0) for each in ids]
    found, taken = distinct(Stored(**texts), QUERY, fused, begin, limit)
    return [(each.fused.id, each.duplicates) for each in found], taken


def test_a_text_that_comes_again_is_counted_and_left_out() -> None:
    found = shown("abc", 0, 2, a=PAGE, b=PAGE.upper() + "!", c="something else")
    assert found == ([("a", 1), ("c", 0)], 3)


def test_short_texts_are_never_the_same() -> None:
    assert shown("ab", 0, 5, a="yes, please", b="yes, please") == ([("a", 0), ("b", 0)], 2)


def test_another_fact_in_a_sentence_is_another_text() -> None:
    one, other = (f"The code of the door to the cellar is {code} now" for code in (1234, 4711))
    assert not nearly_equal(fingerprint(one), fingerprint(other))


def test_what_does_not_fulfil_what_is_asked_is_passed_over() -> None:
    assert shown("abcd", 0, 2, b="one", d="two") == ([("b", 0), ("d", 0)], 4)


def test_pages_follow_each_other() -> None:
    texts = {f"m{number}": f"text {number}" for number in range(40)}
    first, taken = shown(list(texts), 0, 15, **texts)
    second, taken = shown(list(texts), taken, 15, **texts)
    assert [name for name, _ in first + second] == list(texts)[:30]
    assert taken == 30


@given(st.lists(st.sampled_from("abcdefg"), min_size=20, max_size=60), st.integers(0, 19))
def test_a_long_text_nearly_equals_itself_and_only_what_shares_most(words: list[str], place: int) -> None:
    text = " ".join(words)
    assert nearly_equal(fingerprint(text), fingerprint(text.title()))
    assert not nearly_equal(fingerprint(text), fingerprint("quite " * 20))
