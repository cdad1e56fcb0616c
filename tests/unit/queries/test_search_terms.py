"""How a query is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.search_terms import MOST_WORDS, cleaned, is_compound, parse_terms


@pytest.mark.parametrize(
    ("query", "words", "phrases", "excluded"),
    [
        ("backup plan", ("backup", "plan"), (), ()),
        ('the "disk full" error', ("error",), ("disk full",), ()),
        ("backup -restic", ("backup",), (), ("restic",)),
        ('backup -"disk full"', ("backup",), (), ("disk full",)),
        ("git push --force", ("git", "push", "--force"), (), ()),
        ("“disk full”", (), ("disk full",), ()),
        ('"disk full', ("disk", "full"), (), ()),
        ('say "" again', ("say",), (), ()),
        ("disk Disk DISK", ("disk",), (), ()),
        ("disk && full ?!", ("disk", "full"), (), ()),
        ("disk\x00full\x1b\ud800", ("disk", "full"), (), ()),
        ("how is it", ("how", "is", "it"), (), ()),
        ("Gro\u0308ße", ("Größe",), (), ()),
        ("🎉 party", ("🎉", "party"), (), ()),
        ("ディスクの空き容量", ("ディスク", "空", "容量"), (), ()),
        ("ねこ", ("ねこ",), (), ()),
        ("检查磁盘空间", ("检查", "查磁", "磁盘", "盘空", "空间"), (), ()),
        ("nginxの設定", ("nginx", "設定"), (), ()),
        ("디스크가", ("디스", "스크", "크가"), (), ()),
    ],
)
def test_what_is_understood(
    query: str, words: tuple[str, ...], phrases: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    terms = parse_terms(cleaned(query))
    assert (terms.words, terms.phrases, terms.excluded) == (words, phrases, excluded)


@given(st.text(alphabet=st.characters(), max_size=4_000))
def test_any_text_has_terms_without_control_characters(query: str) -> None:
    terms = parse_terms(cleaned(query))
    assert len(terms.words) <= MOST_WORDS
    assert all(not any(character < " " for character in term) for term in terms.words + terms.phrases)


@pytest.mark.parametrize("query", ["where did Ada buy it", "what about the backup", "wo ist die Datei"])
def test_sentences(query: str) -> None:
    assert parse_terms(query).is_sentence


@pytest.mark.parametrize(
    "query",
    [
        "what was decided about the backup?",
        "Was wurde über das Backup decided?",
        "¿Qué fue decided para el backup?",
        "Quels backup ont été decided ?",
    ],
)
def test_words_that_only_ask_are_not_looked_for_in_any_language(query: str) -> None:
    assert {word.lower() for word in parse_terms(query).words} == {"backup", "decided"}


@pytest.mark.parametrize("query", ["Red Hat", "war file", "man page", "pin comment"])
def test_what_names_a_thing_in_one_language_is_looked_for_although_it_asks_in_another(query: str) -> None:
    assert parse_terms(query).words == tuple(query.split())


@pytest.mark.parametrize("query", ["nginx.conf", "getUser E11000", "", "src/app.py:12"])
def test_what_has_no_meaning_beyond_its_letters(query: str) -> None:
    assert parse_terms(query).is_exact


@pytest.mark.parametrize("query", ["which backup?", "backup?", "Anna's backup", "nginx.conf backup", "備份"])
def test_what_has_a_meaning(query: str) -> None:
    terms = parse_terms(query)
    assert not terms.is_exact
    assert "backup?" not in terms.words


@pytest.mark.parametrize("query", ["disk full", "how is it", "nginx.conf", "backup restic plan", ""])
def test_keywords(query: str) -> None:
    assert not parse_terms(query).is_sentence


@pytest.mark.parametrize("word", ["/etc/nginx", "get_user", "getUser", "E11000", "a.b", "HTTPServer"])
def test_compounds(word: str) -> None:
    assert is_compound(word)


@pytest.mark.parametrize("word", ["disk", "Disk", "ENOSPC", "größe"])
def test_plain_words(word: str) -> None:
    assert not is_compound(word)
