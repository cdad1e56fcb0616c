"""What a query says: words, phrases, what is left out, and operators."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.filters import Filters
from queries.query_language import MOST_CHARACTERS, parse_query
from queries.times import parse_time
from sessiontrack.errors import UsageError

NAMES = {"from": "sender"} | {
    name: name for name in ("tool", "channel", "agent", "model", "role", "project", "session")
}
VALUES = st.text(alphabet="abzÄ漢019_-./:@", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("query", "text", "filters"),
    [
        ("from:ada disk full", "disk full", {"sender": "ada"}),
        ('from:"Ada Lovelace" disk', "disk", {"sender": "Ada Lovelace"}),
        (
            "tool:exec channel:telegram agent:main disk",
            "disk",
            {"tool": "exec", "channel": "telegram", "agent": "main"},
        ),
        ("model:anthropic/claude role:user disk", "disk", {"model": "anthropic/claude", "role": "user"}),
        ("project:/home/ada/shop session:0b5e disk", "disk", {"project": "/home/ada/shop", "session": "0b5e"}),
        ("is:error has:tool disk", "disk", {"failed": "any", "with_tools": True}),
        ("from:ada", "", {"sender": "ada"}),
        ("from:ada from:ada disk", "disk", {"sender": "ada"}),
        ("disk from:ada", "disk", {"sender": "ada"}),
    ],
)
def test_operators_are_filters(query: str, text: str, filters: dict[str, Any]) -> None:
    read = parse_query(query)
    assert (read.text, read.filters) == (text, Filters(**filters))
    assert read.terms.words == tuple(text.split())


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("before:2026-03 x", Filters(until=parse_time("2026-03-01"))),
        ("until:2026-03 x", Filters(until=parse_time("2026-04-01"))),
        ("since:2026-03 x", Filters(since=parse_time("2026-03-01"))),
        ("after:2026-03 x", Filters(since=parse_time("2026-04-01"))),
        ("after:2025 before:2027 x", Filters(since=parse_time("2026-01-01"), until=parse_time("2027-01-01"))),
        ("since:2026-12 until:2026-12 x", Filters(since=parse_time("2026-12-01"), until=parse_time("2027-01-01"))),
        ("since:2026-01-01 since:2026-02-01 x", Filters(since=parse_time("2026-02-01"))),
    ],
)
def test_times_are_bounds_and_the_narrower_counts(query: str, filters: Filters) -> None:
    assert parse_query(query).filters == filters


@pytest.mark.parametrize(
    "word",
    ["http://example.org/a:b", "src/app.py:12", "foo:bar", "From:ada", "from:", "xfrom:ada", "a-from:ada", "12:30"],
)
def test_other_colons_are_words(word: str) -> None:
    read = parse_query(word)
    assert read.filters == Filters()
    assert read.terms.words == (word,)


@pytest.mark.parametrize("query", ['"from:ada said"', 'x "see from:ada tool:exec"'])
def test_a_phrase_has_no_operators(query: str) -> None:
    read = parse_query(query)
    assert read.filters == Filters()
    assert read.terms.phrases


def test_an_operator_for_errors_leaves_it_at_those_of_a_tool() -> None:
    assert parse_query("is:error disk", Filters(failed="tool")).filters == Filters(failed="tool")


def test_the_rest_is_as_before_and_only_what_is_asked_is_embedded() -> None:
    read = parse_query('Where did "disk full" come from? -docker -"old log" --force from:ada')
    assert read.text == "Where did disk full come from? --force"
    assert read.terms.phrases == ("disk full",)
    assert read.terms.excluded == ("docker", "old log")
    assert read.filters == Filters(sender="ada")


def test_filters_beside_the_query_hold_as_well() -> None:
    assert parse_query("tool:exec x", Filters(agent="main")).filters == Filters(agent="main", tool="exec")
    with pytest.raises(UsageError, match="two values for the filter agent"):
        parse_query("agent:home x", Filters(agent="main"))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("before:yesterdayish x", "no time"),
        ("is:blue x", "there is no is:blue"),
        ("has:wings x", "there is no has:wings"),
        ("-from:ada x", "can't be left out"),
        ("from:a from:b x", "two values"),
        (f"from:{'a' * 2_000} x", "most is 1,024"),
        (f"from:{'*a' * 20} x", r"more than 8 \*"),
        ("x" * 100_000, "100,000 characters"),
    ],
)
def test_what_can_not_be_read_is_told(query: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_query(query)


@pytest.mark.parametrize("query", ["", "  ", '""', "-", "?!…", "\x00", '"'])
def test_nothing_to_look_for_is_told(query: str) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        parse_query(query)


@given(st.text(alphabet=st.characters(), max_size=MOST_CHARACTERS))
def test_any_text_is_read_or_refused_clearly(query: str) -> None:
    try:
        read = parse_query(query)
    except UsageError:
        return
    assert read.has_text or read.terms.excluded or read.filters != Filters()
    assert not any(character < " " for character in read.text)


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), VALUES, min_size=1), st.booleans(), st.randoms())
def test_what_is_stated_is_read_in_any_order(stated: dict[str, str], quoted: bool, random: Any) -> None:
    parts = [f'{name}:"{value}"' if quoted else f"{name}:{value}" for name, value in stated.items()] + ["disk", '"a b"']
    random.shuffle(parts)
    read = parse_query(" ".join(parts))
    expected: dict[str, Any] = {NAMES[name] or name: value for name, value in stated.items()}
    assert read.filters == Filters(**expected)
    assert (read.terms.words, read.terms.phrases) == (("disk",), ("a b",))
