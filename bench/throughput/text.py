"""Text of random length and words by Zipf's law, with as many distinct words as a year of conversations has.

`bench.corpus.words` makes prose that reads well from some hundred phrases; compressors and search engines would have
too easy a time with it. Here the common words are those of the screenplays, the rare ones are made of syllables.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import cache
from itertools import accumulate
from pathlib import Path

import bench.corpus
from bench.corpus.words import length

# Distinct words of some hundred thousand messages, and the exponent that Zipf found for English.
VOCABULARY = 20_000
EXPONENT = 1.0
_SENTENCE_WORDS = 12
_WORD = re.compile(r"[^\W\d_]{2,}")
_ONSETS = ("b", "br", "c", "ch", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "v")
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_CODAS = ("", "", "l", "n", "nd", "r", "s", "t", "ck", "ng")


@cache
def vocabulary() -> tuple[str, ...]:
    """The words, the commonest first."""
    folder = Path(bench.corpus.__file__).parent / "screenplays"
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt")))
    counted = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    ranked = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    known = set(ranked)
    rng = random.Random("vocabulary")
    while len(ranked) < VOCABULARY:
        word = "".join(_syllable(rng) for _ in range(rng.randint(2, 4)))
        if word not in known:
            known.add(word)
            ranked.append(word)
    return tuple(ranked)


@cache
def _weights() -> tuple[float, ...]:
    return tuple(accumulate(rank**-EXPONENT for rank in range(1, VOCABULARY + 1)))


def words(rng: random.Random, count: int) -> list[str]:
    """So many words, each drawn for itself."""
    return rng.choices(vocabulary(), cum_weights=_weights(), k=count)


def text(rng: random.Random, median: float, sigma: float = 1.0, most: int = 6_000) -> str:
    """Sentences, with a log-normal number of words.

    Args:
        rng: Randomness.
        median: Words of the text in the middle.
        sigma: Standard deviation of the number's logarithm.
        most: Most words.
    """
    drawn = words(rng, length(rng, median, sigma, most))
    sentences = [drawn[first : first + _SENTENCE_WORDS] for first in range(0, len(drawn), _SENTENCE_WORDS)]
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)


def _syllable(rng: random.Random) -> str:
    return rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS)
