"""What is saved of a run: figures as JSON, and the same for people. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from tests.faults.run import Results


def figures(results: Results, seed: int, planned: int) -> dict[str, Any]:
    """The figures of a run.

    Args:
        results: What came of it.
        seed: Of its plan.
        planned: How many faults were planned; time may have ended before.
    """
    kinds = sorted({fault.kind.name for fault in results.faults})
    return {
        "seed": seed,
        "planned": planned,
        "faults": len(results.faults),
        "groups": len(results.groups),
        "seconds": round(results.seconds, 1),
        "written": {"lines": results.lines, "sessions": results.sessions},
        "log": {"events": results.events, "repeats": results.repeats},
        "checks": results.checks,
        "lost": results.lost,
        "doubled": results.doubled,
        "exports": {"compared": results.exports, "equal": results.exports},
        "kinds": {name: _kind(results, name) for name in kinds},
        "recovery_s": _spread(group.seconds for group in results.groups),
    }


def page(figures: dict[str, Any]) -> str:
    """The figures in Markdown."""
    written, log, machine = figures["written"], figures["log"], figures["machine"]
    rows = "\n".join(
        f"| {name} | {of['faults']} | {_cells(of['alone_s'])} | {_cells(of['in_groups_s'])} |"
        for name, of in figures["kinds"].items()
    )
    left_out = "".join(f"\nLeft out: {why}.\n" for why in figures["left_out"])
    return f"""\
# Faults

Written by `make faults`: random faults on the real servers and workers while a writer appends to transcripts that a
live capture follows. {figures["faults"]} faults of {figures["planned"]} planned, seed {figures["seed"]}, in \
{figures["seconds"] / 60:.0f} minutes on {machine["cores"]} cores of an {machine["processor"]}, with
a load of {machine["load_before"]:.1f} before it began: what else runs on the machine makes recoveries longer.

| what | figure |
| --- | ---: |
| lines written | {written["lines"]:,} in {written["sessions"]:,} sessions |
| events in the log | {log["events"]:,}, of which {log["repeats"]:,} repeats |
| times that every store was compared with the log, and with a plain count of the lines | {figures["checks"]} |
| **lost** | **{figures["lost"]}** |
| **doubled** | **{figures["doubled"]}** |
| exports equal to their files, byte for byte | {figures["exports"]["equal"]:,} of {figures["exports"]["compared"]:,} |

Time to recover, in seconds: from the moment at which a fault is being undone (a killed server started, a network
mended) until every line written is in PostgreSQL and every worker has committed all of the log. Faults come alone or in
groups of up to five at a time; a group's time counts for each kind in it.

| kind | faults | alone: median | alone: longest | in groups: median | in groups: longest |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}
{left_out}"""


def _kind(results: Results, name: str) -> dict[str, Any]:
    groups = [(group, [fault.kind.name for fault in group.faults]) for group in results.groups]
    return {
        "faults": sum(names.count(name) for _, names in groups),
        "alone_s": _spread(group.seconds for group, names in groups if names == [name]),
        "in_groups_s": _spread(group.seconds for group, names in groups if name in names and len(names) > 1),
    }


def _spread(seconds: Iterable[float]) -> dict[str, float] | None:
    found: Sequence[float] = sorted(seconds)
    if not found:
        return None
    return {"count": len(found), "median": round(statistics.median(found), 1), "max": round(found[-1], 1)}


def _cells(spread: dict[str, float] | None) -> str:
    return f"{spread['median']:.1f} | {spread['max']:.1f}" if spread else "– | –"
