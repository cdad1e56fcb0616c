"""The terms of a query: words, "phrases", and what is excluded. Any text has some, or none. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

# Each word is looked for in several fields, and OpenSearch takes 1,024 clauses of all of them together.
MOST_WORDS = 32
MOST_PHRASES = 16

_TERM = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"|(?P<word>\S+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_CJK = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]")
# A change of script is mostly the border of a word in Japanese.
_RUN = re.compile(
    r"(?P<katakana>[\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f]+)|(?P<hiragana>[\u3040-\u309f]+)"
    r"|(?P<pairs>[\uac00-\ud7af]+|[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
    r"|(?P<other>[^\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]+)"
)
# A run of so many Chinese characters is one word, a longer one is several; Korean particles make any run longer.
_LONGEST_HAN_WORD = 4
_STOPS = ".,;!?"
# Words that say how a thing is asked and not what, in English, German, Spanish and French: they need not be found. What
# names a thing in another of these is none of them: hat, war, die, man, comment.
_STOP_WORDS = frozenset(files("queries").joinpath("stop_words.txt").read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """The terms of a query.

    Attributes:
        words: What to look for, in order, each once.
        phrases: What must stand there word by word.
        excluded: Words and phrases that must not.
        is_sentence: Whether it is asked as one speaks, with words that only join others: then what has any of the words
            is ranked, for nobody answers in the words of the question.
    """

    words: tuple[str, ...]
    phrases: tuple[str, ...]
    excluded: tuple[str, ...]
    is_sentence: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether only phrases, paths, identifiers and codes are sought: they mean nothing beyond what they are."""
        return not self.is_sentence and all(is_compound(word) and not is_cjk(word) for word in self.words)


def parse_terms(query: str) -> SearchTerms:
    """Reads a query: `"disk full"` is a phrase, `-docker` and `-"disk full"` are excluded, the rest are words.

    A quote that is never closed means nothing, as does what is only punctuation. `--flag` excludes nothing.

    Args:
        query: A text that is `cleaned`.
    """
    words: list[str] = []
    phrases: list[str] = []
    excluded: list[str] = []
    for term in _TERM.finditer(query):
        phrase, word = term["phrase"], term["word"]
        if phrase is not None:
            (excluded if term["minus"] else phrases).append(phrase.strip())
        elif word[0] == "-" and word[1:2] != "-":
            excluded.append(word[1:].replace('"', ""))
        else:
            words.extend(map(_without_stop, _segments(word.replace('"', " "))))
    meaningful = _meaningful(words)
    telling = tuple(word for word in meaningful if not is_stop_word(word))
    return SearchTerms(
        (telling or meaningful)[:MOST_WORDS],
        _meaningful(phrases)[:MOST_PHRASES],
        _meaningful(excluded)[:MOST_PHRASES],
        is_sentence=0 < len(telling) < len(meaningful),
    )


def is_cjk(text: str) -> bool:
    """Whether it has Chinese, Japanese or Korean characters, which are written without spaces."""
    return bool(_CJK.search(text))


def is_compound(word: str) -> bool:
    """Whether a word may have parts: a path, an identifier, a URL, a code."""
    word = word.replace("'", "")
    return not word.isalpha() or not (word.isupper() or word[1:].islower())


def cleaned(query: str) -> str:
    """A text without control characters, composed (NFC), with plain quotes."""
    visible = "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs", "Cn") else character for character in query
    )
    return unicodedata.normalize("NFC", visible).translate(_QUOTES)


def _segments(text: str) -> Iterator[str]:
    """The words of a text without spaces."""
    for word in text.split():
        if not is_cjk(word):
            yield word
            continue
        for run in _RUN.finditer(word):
            if run["pairs"] and (len(run[0]) > _LONGEST_HAN_WORD or "\uac00" <= run[0][0] <= "\ud7af"):
                yield from (run[0][place : place + 2] for place in range(max(1, len(run[0]) - 1)))
            else:
                yield run[0]


def _without_stop(word: str) -> str:
    """A word without what ends a sentence; a code is left as it is."""
    stripped = word.rstrip(_STOPS)
    return stripped if stripped.replace("'", "").isalpha() else word


def is_stop_word(word: str) -> bool:
    """Whether a word says how a thing is said, and not what."""
    # One or two hiragana are particles and endings.
    return word.strip(_STOPS + ":¿¡").lower() in _STOP_WORDS or (
        len(word) <= 2 and all("\u3040" <= c <= "\u309f" for c in word)
    )


def _meaningful(terms: Iterable[str]) -> tuple[str, ...]:
    """Those that have a letter, a digit or a symbol such as an emoji, each once."""
    seen: dict[str, str] = {}
    for term in terms:
        if any(c.isalnum() or unicodedata.category(c) == "So" for c in term):
            seen.setdefault(term.casefold(), term)
    return tuple(seen.values())
