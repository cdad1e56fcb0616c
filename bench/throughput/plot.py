"""The results as one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.throughput.figures import Parts, bulk_ratio, comparisons, cpu_shares, scaling, streams_steps

_OURS, _THEIRS, _PALE = "#1f6f8b", "#d98e32", "#9fc5d1"
_PATHS = {"COPY": "#33658a", "_bulk": "#758e4f", "put": "#f6ae2d"}


def plot(results: dict[str, Any], path: Path) -> None:
    """Draws what was measured, a panel for each question."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    parts: Parts = results["parts"]
    panels = [draw for needs, draw in _PANELS if needs <= parts.keys()]
    if not panels:
        return
    rows = -(-len(panels) // 3)
    figure, grid = pyplot.subplots(rows, 3, figsize=(15, 4.2 * rows), layout="constrained", squeeze=False)
    places = list(grid.flat)
    for axes, draw in zip(places, panels, strict=False):
        draw(axes, parts)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    figure.suptitle(f"Throughput, {results['events']:,} events")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _whole(axes: Any, parts: Parts) -> None:
    left = 0.0
    for name, run in parts["bulk"]["paths"].items():
        axes.barh(
            "bulk paths,\none after another", run["seconds"], left=left, color=_PATHS[name], label=name.strip("_")
        )
        left += run["seconds"]
    rate = parts["pipeline"]["records_per_s"]
    axes.barh("pipeline,\nall stages on", parts["pipeline"]["seconds"], color=_OURS)
    axes.text(0, 1, f"  {rate:,.0f} events/s", va="center", color="white", fontweight="bold")
    axes.set(title=f"Into all stores: bulk / pipeline = {bulk_ratio(parts):.2f}", xlabel="seconds")
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def _compared(axes: Any, parts: Parts) -> None:
    found = comparisons(parts)
    for place, (side, label, color) in enumerate(
        (("ours", "SessionTrack", _OURS), ("theirs", "Quix Streams", _THEIRS))
    ):
        positions = [index + (place - 0.5) * 0.38 for index in range(len(found))]
        rates = [sides[side]["records_per_s"] for sides in found.values()]
        bars = axes.bar(positions, rates, 0.36, color=color, label=label)
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], fontsize=8)
    axes.set_xticks(
        range(len(found)), [name.replace(" into ", "\ninto ").replace(" with ", "\nwith ") for name in found]
    )
    axes.tick_params("x", labelsize=8.5)
    axes.set(title="Beside Quix Streams, one process each", ylabel="records/s")
    axes.legend(frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))


def _steps(axes: Any, parts: Parts) -> None:
    steps = streams_steps(parts)
    bars = axes.barh(list(steps), list(steps.values()), color=[_THEIRS, *[_OURS] * (len(steps) - 1)])
    axes.bar_label(bars, [f"{cost:.0f}" for cost in steps.values()], padding=3)
    axes.invert_yaxis()
    axes.set(title="CPU of the streams worker", xlabel="µs an event")


def _sizes(axes: Any, parts: Parts) -> None:
    size = parts["size"]
    named = {
        "transcripts": size["transcript_bytes"],
        "gzip -9 each": size["gzip_each_bytes"],
        "tar | gzip -9": size["gzip_tar_bytes"],
        "archive": size["archive_bytes"],
    }
    bars = axes.barh(list(named), [value / 2**20 for value in named.values()], color=[_PALE, _PALE, _PALE, _OURS])
    axes.bar_label(bars, [f"{value / 2**20:.1f}" for value in named.values()], padding=3)
    axes.invert_yaxis()
    axes.set(title="Bytes of the archive", xlabel="MiB")


def _scaling(axes: Any, parts: Parts) -> None:
    for kind, rates in scaling(parts).items():
        first = next(iter(rates.values()))
        relative = [rate / first for rate in rates.values()]
        axes.plot(list(rates), relative, marker="o", label=f"{kind}: {first:,.0f}/s with one")
    axes.set_xticks(list(next(iter(scaling(parts).values()))))
    axes.set_ylim(bottom=0)
    axes.set(title="Workers of one kind, alone", xlabel="workers", ylabel="rate, by that of one worker")
    axes.legend(frameon=False, loc="lower right")


def _cores(axes: Any, parts: Parts) -> None:
    shares = {name: share for name, share in cpu_shares(parts).items() if share >= 0.01}
    colors = [_OURS if name.startswith("worker") else _THEIRS for name in shares]
    bars = axes.barh(list(shares), list(shares.values()), color=colors)
    axes.bar_label(bars, [f"{share:.2f}" for share in shares.values()], padding=3)
    axes.invert_yaxis()
    axes.set(title="Cores in use while all stages are on", xlabel="cores")


_PANELS: tuple[tuple[set[str], Callable[[Any, Mapping[str, Any]], None]], ...] = (
    ({"pipeline", "bulk"}, _whole),
    ({"sinks", "streams"}, _compared),
    ({"streams"}, _steps),
    ({"pipeline"}, _cores),
    ({"size"}, _sizes),
    ({"scaling"}, _scaling),
)
