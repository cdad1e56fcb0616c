"""The passages of a message that show why it was found. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from producers.clawdbot.envelope import without_envelope

# Marks around what was found, of Unicode's private use area, so that no text has them by chance.
MARK_BEGIN, MARK_END = "\ue000", "\ue001"
ELLIPSIS = " … "
# As much as a person takes in at a glance; a passage that was found by its meaning has no words to show around.
MOST_CHARACTERS = 320
# `/etc/nginx` is marked as one, though each of its parts was found.
_BETWEEN_PARTS = re.compile(rf"{MARK_END}((?:[^\w\s{MARK_BEGIN}]|_)*){MARK_BEGIN}")
_BEFORE_A_PATH = re.compile(rf"(?<!\w)([/~.\\]+){MARK_BEGIN}")
# Room for what the product puts before a text: a head has 300 characters at most, blocks of metadata some more.
_ENVELOPE_CHARACTERS = 2_000
_SPACE = re.compile(r"\s+")


def marked_passages(highlight: Mapping[str, list[str]], fields: Sequence[str]) -> str:
    """The passages of the first field that has some, on one line; empty where none has.

    Args:
        highlight: Passages by field, as the highlighter gives them.
        fields: The fields in the order of their weight.
    """
    candidates = (highlight.get(name, []) for name in fields)
    passages = next((each for each in candidates if any(MARK_BEGIN in passage for passage in each)), [])
    text = one_line(ELLIPSIS.join(unwrapped(passage).strip() for passage in passages))
    return _BEFORE_A_PATH.sub(rf"{MARK_BEGIN}\1", _BETWEEN_PARTS.sub(r"\1", text))


def beginning(text: str) -> str:
    """How a text begins, on one line, cut between two words."""
    # A line has no more characters than the text that it is made of.
    line = one_line(without_envelope(text[: _ENVELOPE_CHARACTERS + 4 * MOST_CHARACTERS])[: 4 * MOST_CHARACTERS])
    if len(line) <= MOST_CHARACTERS:
        return line
    return line[:MOST_CHARACTERS].rpartition(" ")[0] + ELLIPSIS.rstrip()


def unwrapped(passage: str) -> str:
    """A passage without the envelope of its message, unless that has what was found."""
    plain = passage.replace(MARK_BEGIN, "").replace(MARK_END, "")
    if not plain:
        return passage
    before, _, after = plain.rpartition(without_envelope(plain))
    return passage.removeprefix(before).removesuffix(after)


def with_markers(snippet: str, markers: tuple[str, str]) -> str:
    """A snippet with what its reader takes as marks."""
    return snippet.replace(MARK_BEGIN, markers[0]).replace(MARK_END, markers[1])


def one_line(text: str) -> str:
    """A text without line breaks."""
    return _SPACE.sub(" ", text).strip()
