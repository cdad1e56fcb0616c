"""The request that a search comes to, and what becomes of its answer."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from queries.query_language import MOST_CHARACTERS, parse_query
from queries.search_body import MARKED, details_body, ranking_body, words_needed
from queries.snippets import MARK_BEGIN, MARK_END, beginning, marked_passages, with_markers
from queries.snippets import MOST_CHARACTERS as MOST_SHOWN
from sessiontrack.errors import UsageError

# OpenSearch's default of indices.query.bool.max_clause_count.
MOST_CLAUSES = 1_024
LEAVES = {"match", "match_phrase", "term", "terms", "prefix", "wildcard", "range"}


def leaf_clauses(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in LEAVES:
                yield name
            else:
                yield from leaf_clauses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaf_clauses(inner)


@given(st.text(alphabet=st.characters(), max_size=MOST_CHARACTERS), st.booleans())
def test_any_query_makes_a_request_that_opensearch_takes(query: str, lenient: bool) -> None:
    try:
        asked = parse_query(query)
    except UsageError:
        return
    for body in (ranking_body(asked, 10, lenient=lenient), details_body(asked, ["a"], lenient=lenient)):
        assert json.dumps(body, ensure_ascii=False).encode("utf-8")
        assert 0 < len(list(leaf_clauses(body))) < MOST_CLAUSES


def test_the_longest_query_stays_within_the_bound_of_clauses() -> None:
    words = " ".join(f"a{number}/b" for number in range(400))
    phrases = " ".join(f'"c d{number}"' for number in range(40)) + " ".join(f' -"e f{number}"' for number in range(40))
    body = ranking_body(parse_query(words[:2_000] + phrases), 10, lenient=True)
    assert len(list(leaf_clauses(body["query"]))) < MOST_CLAUSES


def test_both_of_two_words_and_most_of_more_are_needed() -> None:
    assert [words_needed(count) for count in (1, 2, 3, 5, 10)] == [1, 2, 2, 3, 6]


class TestSnippets:
    def marked(self, **fields: list[str]) -> str:
        passages = {
            name.replace("_parts", ".parts"): [text.replace("[", MARK_BEGIN).replace("]", MARK_END) for text in texts]
            for name, texts in fields.items()
        }
        return with_markers(marked_passages(passages, MARKED), ("<b>", "</b>"))

    def test_passages_are_on_one_line_with_the_markers_of_the_caller(self) -> None:
        assert self.marked(text=["the\n [disk] is\tfull", "no [disk]"]) == "the <b>disk</b> is full … no <b>disk</b>"

    def test_the_text_is_preferred_where_something_is_found_in_it(self) -> None:
        assert self.marked(thinking=["[disk]"], text=["a [disk]"]) == "a <b>disk</b>"
        assert self.marked(thinking=["[disk]"], text=["hello"]) == "<b>disk</b>"
        assert self.marked(text=["hello"]) == ""
        assert self.marked(text_parts=["get[User]"], text=["getUser"]) == "get<b>User</b>"

    def test_parts_found_side_by_side_are_marked_as_one(self) -> None:
        assert self.marked(text=["/[etc]/[nginx.conf], [get]_[user]"]) == "<b>/etc/nginx.conf</b>, <b>get_user</b>"
        assert self.marked(text=["[disk] [full]"]) == "<b>disk</b> <b>full</b>"

    def test_the_envelope_of_a_message_is_left_out_unless_something_was_found_in_it(self) -> None:
        head = f"{MARK_BEGIN}disk{MARK_END} is full"
        passage = {"text": [f"[Signal Ada id:9 +1m] {head}\n[message_id: 5]"]}
        assert with_markers(marked_passages(passage, MARKED), ("<b>", "</b>")) == "<b>disk</b> is full"
        found = {"text": [f"[Signal {MARK_BEGIN}Ada{MARK_END} id:9 +1m] Ada is here"]}
        assert (
            with_markers(marked_passages(found, MARKED), ("<b>", "</b>")) == "[Signal <b>Ada</b> id:9 +1m] Ada is here"
        )
        assert beginning("[Signal Ada id:9 +1m] the disk") == "the disk"

    def test_nothing_found_in_any_text(self) -> None:
        assert self.marked() == ""

    def test_a_text_begins_at_a_glance(self) -> None:
        assert beginning(" the\n disk  is full") == "the disk is full"
        long = beginning("word " * 10_000)
        assert len(long) <= MOST_SHOWN + 2
        assert long.endswith("word …")
