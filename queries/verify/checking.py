"""Checks a dataset: what was proved before and has not changed since is not read again.

A unit is proved when the total that the store gives of it is the expected one, or else when all its records were
compared one by one. The proof holds as long as the ledger expects the same records, and the store says the same of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from queries.verify.comparison import Check, Comparison, Dataset, Difference, Found, SetAside, compare
from queries.verify.expected import ARCHIVE, CLAIMS
from queries.verify.ledger import Ledger, Unit
from queries.verify.stores.store import Store

# What is compared at once: few enough ids and digests for memory, enough units for a query to be worth its way.
_CHUNK_RECORDS = 20_000
_CHUNK_UNITS = 500


def check_dataset(
    ledger: Ledger,
    store: Store,
    dataset: Dataset,
    set_aside: SetAside = SetAside(),  # noqa: B008  # immutable
    *,
    only: Collection[str] | None = None,
    deep: bool = False,
    progress: Callable[[int], None] = lambda left: None,
) -> Check:
    """Compares what the store may hold otherwise than it was proved to; what is whole then is proved.

    Args:
        ledger: What is expected, and what was proved.
        store: The store.
        dataset: One of its datasets.
        set_aside: What the store's group set aside.
        only: Units to be compared with all those that the ledger expects, whatever was proved; None for all that the
            store has.
        deep: Compare record by record also where the store's totals are as expected.
        progress: Told how many records are left.
    """
    expected = {unit.name: unit for unit in ledger.units(dataset)}
    fingerprints = store.fingerprints(dataset) if only is None else {}
    unproved = [unit for unit in expected.values() if not _is_proved(unit, fingerprints)]
    if store.exclusive:
        unproved += [Unit(name, 0, None) for name in only or fingerprints if name not in expected]
    total = Comparison(stored=sum(unit.records for unit in expected.values()) - sum(unit.records for unit in unproved))
    left = sum(unit.records for unit in unproved)
    for chunk in _chunks(unproved):
        progress(left)
        left -= sum(unit.records for unit in chunk)
        names = [unit.name for unit in chunk]
        compared = {} if deep else _sum_up(ledger, store, dataset, names)
        if unequal := [name for name in names if name not in compared]:
            compared |= _compare(ledger, store, dataset, unequal, set_aside)
        ledger.prove(
            dataset, {name: fingerprints.get(name) if _is_whole(it) else None for name, it in compared.items()}
        )
        _add(total, compared.values())
    return Check(
        *dataset,
        expected=sum(unit.records for unit in expected.values()),
        stored=total.stored,
        dead_lettered=total.dead_lettered,
        discarded=total.discarded,
        read=total.read,
        differences=tuple(sorted(total.differences, key=lambda each: (each.kind, each.record_id))),
    )


def _is_proved(unit: Unit, fingerprints: Mapping[str, str]) -> bool:
    return unit.proof is not None and unit.proof == fingerprints.get(unit.name)


def _is_whole(compared: Comparison) -> bool:
    """A dead letter may be taken back, which neither the ledger nor the store would show."""
    return not (compared.differences or compared.dead_lettered or compared.discarded)


def _chunks(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    chunk: list[Unit] = []
    records = 0
    for unit in units:
        if chunk and (records + unit.records > _CHUNK_RECORDS or len(chunk) >= _CHUNK_UNITS):
            yield chunk
            chunk, records = [], 0
        chunk.append(unit)
        records += unit.records
    if chunk:
        yield chunk


def _sum_up(ledger: Ledger, store: Store, dataset: Dataset, units: Sequence[str]) -> dict[str, Comparison]:
    """The units whose total is the expected one, nothing of which needs to be read."""
    return {
        unit: Comparison(stored=total.records)
        for unit, total in store.totals(dataset, units).items()
        if total == ledger.total(dataset, unit)
    }


def _compare(
    ledger: Ledger, store: Store, dataset: Dataset, units: Sequence[str], set_aside: SetAside
) -> dict[str, Comparison]:
    found: dict[str, list[Found]] = {unit: [] for unit in units}
    flaws: dict[str, list[Difference]] = {unit: [] for unit in units}
    for each in store.records(dataset, units):
        if isinstance(each, Difference):
            flaws[each.unit].append(each)
        elif each.unit in found:
            found[each.unit].append(each)
    compared = {}
    for unit in units:
        session_id = _session_of(dataset, unit)
        compared[unit] = compare(dataset, unit, ledger.records(dataset, unit), found[unit], set_aside, session_id)
        compared[unit].differences += flaws[unit]
    return compared


def _session_of(dataset: Dataset, unit: str) -> str | None:
    if dataset == ARCHIVE:
        return None
    return unquote(unit.split("/")[1]) if dataset == CLAIMS else unit


def _add(total: Comparison, compared: Iterable[Comparison]) -> None:
    for each in compared:
        total.stored += each.stored
        total.dead_lettered += each.dead_lettered
        total.discarded += each.discarded
        total.read += each.read
        total.differences += each.differences
