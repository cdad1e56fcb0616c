"""The Dashboards Query Language, as Dashboards translates it into OpenSearch's query DSL.

https://docs.opensearch.org/latest/dashboards/dql/; here as much of it as our saved objects and pages use.
"""

from __future__ import annotations

import re
from typing import Any

Query = dict[str, Any]

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<sign>\(|\)|:|>=|<=|>|<)|(?P<word>[^\s():<>"]+))')
_RANGES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def query_of(dql: str) -> Query:
    """The query that Dashboards sends for a line in its search bar."""
    if not dql.strip():
        return {"match_all": {}}
    parser = _Parser(dql)
    query = parser.alternatives("")
    assert parser.at_end, f"not understood: {dql}"
    return query


class _Parser:
    """Reads one expression; `not` binds closer than `and`, and that closer than `or`."""

    def __init__(self, dql: str) -> None:
        self._tokens = [match[0].strip() for match in _TOKEN.finditer(dql)]

    @property
    def at_end(self) -> bool:
        return not self._tokens

    def alternatives(self, field: str) -> Query:
        parts = [self._all(field)]
        while self._takes("or"):
            parts.append(self._all(field))
        return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}

    def _all(self, field: str) -> Query:
        parts = [self._each(field)]
        while self._takes("and"):
            parts.append(self._each(field))
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def _each(self, field: str) -> Query:
        if self._takes("not"):
            return {"bool": {"must_not": self._each(field)}}
        if self._takes("("):
            inner = self.alternatives(field)
            assert self._takes(")")
            return inner
        word = self._tokens.pop(0)
        if field:
            return _matches(field, word)
        if self._takes(":"):
            if self._takes("("):
                inner = self.alternatives(word)
                assert self._takes(")")
                return inner
            return _matches(word, self._tokens.pop(0))
        operator = _RANGES[self._tokens.pop(0)]
        return {"range": {word: {operator: self._tokens.pop(0).strip('"')}}}

    def _takes(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False


def _matches(field: str, value: str) -> Query:
    if value == "*":
        query: Query = {"exists": {"field": field}}
    elif value.startswith('"'):
        query = {"match_phrase": {field: value.strip('"')}}
    elif "*" in value:
        query = {"query_string": {"fields": [field], "query": value}}
    else:
        query = {"match": {field: value}}
    return {"bool": {"should": [query], "minimum_should_match": 1}}
