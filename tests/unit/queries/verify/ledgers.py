"""Ledgers for tests, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from consumers.archive.layout import Log
from queries.verify.expected import ARCHIVE, CLAIMS, OPENSEARCH, POSTGRES, LogRecord
from queries.verify.ledger import Ledger, opened
from schemas.records import SessionEvent

LOG = Log("cluster", "log", "events")


@contextmanager
def forgotten() -> Iterator[Ledger]:
    """A ledger that is gone afterwards."""
    with opened(None, "test") as ledger:
        yield ledger


def log_records(events: Sequence[SessionEvent], log: Log = LOG) -> list[LogRecord]:
    """Events as they stand in one partition of a log."""
    return [
        LogRecord(log, 0, offset, event["session_id"].encode(), b"%d" % offset, event)
        for offset, event in enumerate(events)
    ]


def expectation(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger expects, without how it came to it."""
    return {
        f"{dataset.store}/{dataset.name}": {
            unit.name: ledger.records(dataset, unit.name) for unit in ledger.units(dataset)
        }
        for dataset in (ARCHIVE, CLAIMS, *POSTGRES, *OPENSEARCH)
    }
