"""The results as a section of the benchmarks' README."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.throughput.figures import (
    Parts,
    archive_ratios,
    bulk_ratio,
    comparisons,
    cpu_shares,
    peak_mib,
    scaling,
    streams_steps,
)

_BEGIN, _END = "<!-- throughput: written by `python -m bench.throughput` -->", "<!-- /throughput -->"
# How many of the busiest processes are named.
_NAMED = 3
# Shares of all cores: beyond the first they bind, beyond the second others took what the pipeline lacked.
_BOUND, _STRANGERS = 0.85, 0.15

DIFFERENCES = """\
What differs between ours and Quix Streams, and cannot be made equal: its sinks write what one partition has at a
checkpoint, so it gets twelve times our batch between two checkpoints, and its writes are as large as ours. It decodes
with fastavro and the registry's schema (its own registry deserializer takes 240 µs a record on our schema). Its
PostgreSQL sink inserts into our very table with `ON CONFLICT DO NOTHING`, takes the columns of a batch's first row and
leaves out the others; its OpenSearch sink is the bulk helper in a `BatchingSink`, one request at a time. Its fold
counts what a session's row says and remembers no entries, so that a repeated event is counted again; ours drops
repeats, makes messages and tool calls, and remembers those too. Both are one process, acknowledge with `acks=all`,
commit offsets after the write, and keep their state in RocksDB with a changelog."""


def section(results: dict[str, Any]) -> str:
    """The section, as Markdown; of parts that were not measured nothing is said."""
    blocks = _blocks(results["events"], list(results["measured_on"].values()), results["parts"])
    return "\n\n".join(block for block in blocks if block)


def write_section(readme: Path, text: str) -> None:
    """Puts the section where the last one stood, or at the end."""
    content = readme.read_text("utf-8")
    before, found, rest = content.partition(_BEGIN)
    after = rest.partition(_END)[2] if found else ""
    readme.write_text(f"{before.rstrip()}\n\n{_BEGIN}\n\n{text}\n\n{_END}\n{after.lstrip()}", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; columns after the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _blocks(events: int, machines: Sequence[dict[str, Any]], parts: Parts) -> Iterator[str]:
    yield "## Throughput"
    yield _machine(events, machines) if machines else ""
    yield _binding(machines[0]["cores"], parts) if "pipeline" in parts else ""
    yield _bulk(parts) if {"pipeline", "bulk"} <= parts.keys() else ""
    yield _comparison(parts) if comparisons(parts) else ""
    yield _faust(parts) if "streams" in parts else ""
    yield _size(parts) if "size" in parts else ""
    yield _workers(parts) if "scaling" in parts else ""


def _machine(events: int, machines: Sequence[dict[str, Any]]) -> str:
    machine, loads = machines[0], [each["load_before"] for each in machines]
    return (
        f"{events:,} events, on {machine['cores']} cores of an {machine['processor']} with {machine['memory_gib']} GiB,"
        f" which broker, registry, stores, workers and the benchmark share (OpenSearch with a heap of 1 GiB); load"
        f" {min(loads):.1f} to {max(loads):.1f} before the parts. All figures are in"
        f" [throughput.json](results/throughput.json), [plotted](results/throughput.png)."
    )


def _binding(cores: int, parts: Parts) -> str:
    run, shares = parts["pipeline"], cpu_shares(parts)
    return (
        f"**From the topic into all three stores, all stages on: {run['records_per_s']:,.0f} events/s**"
        f" ({run['seconds']:.1f} s), every store's counts checked. For each event all workers together take"
        f" {run['cpu_us_per_record']:.0f} µs of CPU, the servers {run['server_cpu_us_per_record']:.0f} µs."
        f" {_verdict(cores, run['busy_cores'], shares)}"
    )


def _verdict(cores: int, busy: float, shares: dict[str, float]) -> str:
    """What binds, as far as the use of the cores tells.

    Args:
        cores: Of the machine.
        busy: Of them, how many were not idle.
        shares: Of those, what each process of ours had, the busiest first.
    """
    ours = sum(shares.values())
    named = ", ".join(f"{name} {share:.2f}" for name, share in list(shares.items())[:_NAMED])
    text = f"What binds: {busy:.1f} of {cores} cores are busy"
    if busy - ours > _STRANGERS * cores:
        text += (
            f", but only {ours:.1f} of them with the pipeline: the machine is not ours alone, and the rate is too low"
        )
    elif busy > _BOUND * cores:
        text += ", so the cores bind: whatever saves CPU anywhere makes the whole faster"
    else:
        text += ", so the cores do not bind, but the chain from worker to worker and the waits within it"
    return f"{text}. The busiest, in cores: {named}."


def _bulk(parts: Parts) -> str:
    paths, ratio = parts["bulk"]["paths"], bulk_ratio(parts)
    rows = [
        (
            f"`{name}`",
            f"{path['records']:,}",
            f"{path['seconds']:.1f}",
            f"{path['client_cpu_s'] + path['server_cpu_s']:.1f}",
        )
        for name, path in paths.items()
    ]
    rows.append(("one after another", "", f"{parts['bulk']['seconds']:.1f}", ""))
    rows.append(("the pipeline", f"{parts['pipeline']['records']:,} events", f"{parts['pipeline']['seconds']:.1f}", ""))
    return (
        f"The stores' own bulk paths, for what the stores hold in the end, encoded beforehand, take **{ratio:.2f}** of"
        f" the pipeline's time (to be at least 0.5).\n\n" + table(("path", "records", "seconds", "CPU s"), rows)
    )


def _comparison(parts: Parts) -> str:
    rows = [
        (
            name,
            *(f"{sides[side]['records_per_s']:,.0f}" for side in ("ours", "theirs")),
            f"**{sides['ratio']:.2f}**",
            *(f"{sides[side]['cpu_us_per_record']:.0f}" for side in ("ours", "theirs")),
        )
        for name, sides in comparisons(parts).items()
    ]
    head = ("records a second, one process", "ours", "Quix Streams", "ratio", "our CPU µs", "their CPU µs")
    return f"{table(head, rows)}\n\n{DIFFERENCES}"


def _faust(parts: Parts) -> str:
    steps = streams_steps(parts)
    total = sum(steps.values())
    rows = [(name, f"{cost:.0f}", f"{cost / total:.0%}") for name, cost in steps.items()]
    faust = next(iter(steps.values()))
    rate = parts["streams"]["parts"]["all"]["records_per_s"]
    return (
        f"The streams worker with all its outputs makes **{rate:,.0f} events/s**. Of the {total:.0f} µs of CPU that an"
        f" event takes, {faust:.0f} are Faust's and its Kafka consumer's: Faust is fed blocks of records, for by itself"
        f" it takes some 65 µs for each message, whatever the agent does.\n\n"
    ) + table(("step", "CPU µs an event", "share"), rows)


def _size(parts: Parts) -> str:
    size, ratios = parts["size"], archive_ratios(parts)
    names = {
        "transcript": "transcripts",
        "gzip_each": "`gzip -9` of each",
        "gzip_tar": "`tar \\| gzip -9` of all",
        "value": "Avro values in the topic",
    }
    rows = [(name, _mib(size[f"{key}_bytes"]), f"{ratios[key]:.2f}") for key, name in names.items()]
    rows.append(("archive, with its manifests", _mib(size["archive_bytes"]), ""))
    return table(("bytes", "MiB", "archive by it"), rows)


def _workers(parts: Parts) -> str:
    peaks = peak_mib(parts)
    rows = [
        (kind, *(f"{rate:,.0f}" for rate in rates.values()), peaks.get(kind, ""))
        for kind, rates in scaling(parts).items()
    ]
    counts = list(next(iter(scaling(parts).values())))
    head = ("workers, each kind alone", *(f"{count}: records/s" for count in counts), "peak MiB of one")
    return table(head, rows)


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f}"
