"""The language of a search: words, "phrases", -words to leave out, and operators such as `from:ada`. Pure.

An operator is a filter that stands in the query itself: `from:ada tool:exec before:2026-03 "disk full"`. What no
operator begins is a word, whatever colons it has: `http://…`, `src/app.py:12`, `foo:bar`. So any text is a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from queries.filters import Filters, parse_filters
from queries.search_terms import SearchTerms, cleaned, parse_terms
from queries.times import parse_time
from sessiontrack.errors import UsageError

# A pasted error message fits; whole files do not find more than their characteristic lines do.
MOST_CHARACTERS = 4_000
# The filter that each operator states.
_NAMES = {
    "from": "sender",
    "tool": "tool",
    "channel": "channel",
    "agent": "agent",
    "model": "model",
    "role": "role",
    "project": "project",
    "session": "session",
}
# A day, month or year that is named: `before` and `since` count from its begin, `after` and `until` from its end.
_TIMES = {"since": ("since", False), "after": ("since", True), "before": ("until", False), "until": ("until", True)}
_FLAGS: dict[str, dict[str, tuple[str, Any]]] = {
    "is": {"error": ("failed", "any")},
    "has": {"tool": ("with_tools", True)},
}
_OPERATOR = re.compile(
    rf"(?<!\S)(?P<minus>-?)(?P<name>{'|'.join((*_NAMES, *_TIMES, *_FLAGS))}):"
    r'(?:"(?P<quoted>[^"]+)"(?!\S)|(?P<plain>[^\s"]+))'
    # What looks like one inside a phrase is none.
    r'|"[^"]*"'
)
_EXCLUDED = re.compile(r'(?<!\S)-(?:"[^"]*"|[^-\s]\S*)')


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        terms: The words, to be found as they are.
        text: What was asked, without operators and what is excluded: this is embedded.
        filters: Where to look: the filters given beside the query, and its operators.
    """

    terms: SearchTerms
    text: str
    filters: Filters

    @property
    def has_text(self) -> bool:
        """Whether anything is looked for, and not just filtered."""
        return bool(self.terms.words or self.terms.phrases)


def parse_query(query: str, filters: Filters | None = None) -> Query:
    """Reads a query; without words it finds all that the filters let pass.

    Args:
        query: As a person typed it.
        filters: What holds beside it.

    Raises:
        UsageError: It is too long, has nothing to look for, an operator's value can't be read, or a filter is stated
            twice.
    """
    if len(query) > MOST_CHARACTERS:
        raise UsageError(
            f"the query has {len(query):,} characters, the most is {MOST_CHARACTERS:,}",
            hint="A few words that only the message has find more.",
        )
    text = cleaned(query)
    operators = [found for found in _OPERATOR.finditer(text) if found["name"]]
    rest = _OPERATOR.sub(lambda found: " " if found["name"] else found[0], text)
    terms = parse_terms(rest)
    read = Query(terms, _asked(rest), _combined(filters or Filters(), operators))
    if not (read.has_text or terms.excluded or operators):
        raise UsageError("there is nothing to search for", hint='Give a word, or a phrase such as "disk full".')
    return read


def _asked(text: str) -> str:
    return " ".join(_EXCLUDED.sub(" ", text).replace('"', " ").split())


def _combined(given: Filters, operators: Iterable[re.Match[str]]) -> Filters:
    stated = given
    for found in operators:
        name, value = found["name"], found["quoted"] or found["plain"]
        if found["minus"]:
            raise UsageError(
                f"-{name}: can't be left out", hint="Only words and phrases can be left out, such as -docker."
            )
        stated = _with(stated, *_filter(name, value))
    return stated


def _filter(name: str, value: str) -> tuple[str, Any]:
    """The filter that an operator states, with its value."""
    if name in _FLAGS:
        known = _FLAGS[name]
        if value not in known:
            raise UsageError(f"there is no {name}:{value[:40]}", hint=f"{name}: takes {', '.join(known)}.")
        return known[value]
    if name in _TIMES:
        bound, end = _TIMES[name]
        return bound, parse_time(value, end=end)
    field = _NAMES[name]
    return field, getattr(parse_filters(**{field: value}), field)


def _with(filters: Filters, field: str, value: Any) -> Filters:
    before = getattr(filters, field)
    if field == "since" and before is not None:
        value = max(before, value)
    elif field == "until" and before is not None:
        value = min(before, value)
    elif field == "failed" and before is not None:
        # The operator asks for errors of any kind.
        value = before
    elif before not in (None, False, value):
        raise UsageError(
            f"two values for the filter {field}: {before[:40]!r} and {value[:40]!r}",
            hint="Each filter takes one; * stands for anything.",
        )
    return replace(filters, **{field: value})
