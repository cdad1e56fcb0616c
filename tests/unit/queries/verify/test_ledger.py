"""What the ledger expects comes of the log alone: not of how it was cut, killed or read twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.archive.layout import Log
from queries.verify.comparison import Dataset, total_of
from queries.verify.expected import ARCHIVE, POSTGRES, Block, fold
from queries.verify.ledger import opened
from schemas.records import SessionEvent
from sessiontrack.errors import UnavailableError
from tests.unit.queries.verify.ledgers import LOG, expectation, forgotten, log_records
from tests.unit.streams.events import logs, user

DATASET = Dataset("store", "dataset")


def folded(events: list[SessionEvent], cuts: list[int]) -> dict[str, Any]:
    records = log_records(events)
    with forgotten() as ledger:
        for begin, end in pairwise([0, *cuts, len(records)]):
            if records[begin:end]:
                fold(ledger, records[begin:end])
        return expectation(ledger)


@settings(max_examples=40)
@given(st.data(), logs())
def test_a_ledger_that_grew_is_the_one_of_the_whole_log(data: st.DataObject, events: list[SessionEvent]) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(events)), max_size=4).map(sorted))
    assert folded(events, cuts) == folded(events, [])


@settings(max_examples=40)
@given(logs().filter(bool))
def test_what_an_older_log_held_is_expected_once_in_the_stores_and_twice_in_the_archive(
    events: list[SessionEvent],
) -> None:
    older = LOG._replace(log_id="older")
    with forgotten() as ledger:
        fold(ledger, log_records(events, older))
        before = expectation(ledger)
        fold(ledger, log_records(events))
        after = expectation(ledger)
    archived = [state.pop("archive/events") for state in (before, after)]
    assert after == before
    assert sum(map(len, archived[1].values())) == 2 * sum(map(len, archived[0].values()))


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "verify" / "ledger.sqlite"
    records = log_records([user("a"), user("b")])
    with opened(path, "here") as ledger:
        fold(ledger, records[:1])
    with opened(path, "here") as ledger:
        assert ledger.next_offset(LOG, 0) == 1
        assert ledger.next_offset(LOG, 1) == ledger.next_offset(Log("other", "log", "events"), 0) == 0
        fold(ledger, records[1:])
        assert ledger.count("records") == 2
        assert [unit.records for unit in ledger.units(POSTGRES[0])] == [2]
        assert ledger.records(ARCHIVE, str(Block(LOG, 0, 0))).keys() == {"0/0", "0/1"}


@pytest.mark.parametrize(("origin", "anew"), [("elsewhere", False), ("here", True)])
def test_a_ledger_of_another_origin_proves_nothing(tmp_path: Path, origin: str, anew: bool) -> None:
    path = tmp_path / "ledger.sqlite"
    with opened(path, "here") as ledger:
        fold(ledger, log_records([user("a")]))
    with opened(path, origin, anew=anew) as ledger:
        assert ledger.next_offset(LOG, 0) == ledger.count("records") == 0
        assert ledger.units(POSTGRES[0]) == []


def test_two_do_not_write_one_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queries.verify.ledger._BUSY_S", 0.0)
    path = tmp_path / "ledger.sqlite"
    with opened(path, "here"), pytest.raises(UnavailableError, match="can't be used"), opened(path, "here"):
        pass


def test_a_damaged_ledger_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError, match="can't be used") as raised, opened(path, "here"):
        pass
    assert "delete the file" in (raised.value.hint or "")


def test_what_fails_in_the_midst_of_a_batch_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queries.verify.expected.process_batch", lambda *_: 1 / 0)
    with forgotten() as ledger:
        with pytest.raises(ZeroDivisionError):
            fold(ledger, log_records([user("a")]))
        assert ledger.units(ARCHIVE) == ledger.units(POSTGRES[0]) == []


IDS = st.sampled_from(
    ["a", "0000000000000000", "63bc531a-4e41-5444-9335-178ecb10b87a", "63BC531A-4E41-5444-9335-178ECB10B87A"]
)


@given(st.dictionaries(IDS, st.binary(max_size=2)))
def test_an_id_comes_back_as_it_was(records: dict[str, bytes]) -> None:
    with forgotten() as ledger:
        with ledger.batch():
            ledger.expect(DATASET, "unit", records.items())
        assert ledger.records(DATASET, "unit") == records


@given(st.dictionaries(IDS, st.binary(min_size=8, max_size=16)))
def test_a_total_is_that_of_its_records(records: dict[str, bytes]) -> None:
    with forgotten() as ledger:
        with ledger.batch():
            ledger.expect(DATASET, "unit", records.items())
            ledger.expect(DATASET, "other", [("a", b"12345678")])
        assert ledger.total(DATASET, "unit") == total_of(records.values())


def test_it_tells_how_many_of_some_records_are_expected_in_whatever_unit() -> None:
    with forgotten() as ledger:
        with ledger.batch():
            ledger.expect(DATASET, "one", [("a", b""), ("b", b"")])
            ledger.expect(DATASET, "two", [("c", b"")])
        assert ledger.expected_of(DATASET, {"a", "c", "d"}) == 2
