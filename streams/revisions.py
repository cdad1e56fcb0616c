"""Versions of derived records: a newer one replaces an older one in every store."""

from __future__ import annotations

# One for each derivation, raised whenever it comes to other results, so that its records replace those before.
SESSIONS = 2
MESSAGES = 3
TOOL_CALLS = 3
CHUNKS = 2
SESSION_VECTORS = 2

# Room for 2^40 facts under one key, and for 2^23 revisions in a signed 64-bit integer.
_FACT_BITS = 40


def version(revision: int, facts: int) -> int:
    """Version of a record.

    Args:
        revision: Of its derivation.
        facts: How many distinct facts are folded into it, those counted more than once that are surer than others;
            never falls as more of the log is read.
    """
    return (revision << _FACT_BITS) + facts
