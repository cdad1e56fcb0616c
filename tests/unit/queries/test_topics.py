"""Words that are said in a period more than at other times."""

from __future__ import annotations

from queries.topics import distinctive_terms, words


def numbered(period: str, *texts: str) -> dict[str, str]:
    return {f"{period}-{number}": text for number, text in enumerate(texts)}


def test_what_is_new_stands_out_and_what_is_always_said_does_not() -> None:
    always = ["please check the nightly backup"] * 6
    found = distinctive_terms(
        {
            "2026-03-02": numbered("a", *always, *["the disk of the server is full again"] * 5),
            "2026-03-09": numbered("b", *always, *["write the invoice for the painter"] * 5),
        }
    )
    first, second = ({term.term for term in found[period]} for period in ("2026-03-02", "2026-03-09"))
    assert {"disk", "full", "server"} <= first
    assert {"invoice", "painter"} <= second
    assert not (first | second) & {"please", "check", "nightly", "backup"}


def test_a_session_that_repeats_itself_counts_once() -> None:
    found = distinctive_terms(
        {"a": numbered("a", "gardening " * 500, "hello there"), "b": numbered("b", "hello there", "hello again")}
    )
    assert "gardening" not in {term.term for term in found["a"]}


def test_a_term_names_the_sessions_that_say_it() -> None:
    found = distinctive_terms({"a": numbered("a", *["harvest apples"] * 5), "b": numbered("b", *["prune trees"] * 5)})
    (term,) = [each for each in found["a"] if each.term == "harvest"]
    assert term.sessions == 5
    assert term.examples == ["a-0", "a-1", "a-2"]


def test_paths_times_and_identifiers_are_no_words() -> None:
    text = "[Telegram Ada 2026-01-24T10:00Z] look at /var/log/syslog.log, https://example.org/page, run_tests, Größe!"
    assert list(words(text)) == ["look", "größe"]


def test_what_is_written_without_spaces_has_no_words() -> None:
    assert list(words("バックアップが失敗しました and then 照片备份失败了。")) == ["then"]


def test_nothing_said_is_no_topic() -> None:
    assert distinctive_terms({}) == {}
    assert distinctive_terms({"a": {"s": ""}}) == {"a": []}
