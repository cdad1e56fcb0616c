"""The samples as one picture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.soak.samples import Sample

_MIB = 2**20


def plot(samples: Sequence[Sample], path: Path) -> None:
    """Draws memory, file handles, disk and lag over the time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    minutes = [sample.seconds / 60 for sample in samples]
    figure, ((memory, handles), (disk, lag)) = pyplot.subplots(2, 2, figsize=(13, 8), layout="constrained")
    _lines(memory, minutes, samples, lambda sample: sample.memory, 1 / _MIB)
    memory.set(title="Memory", ylabel="MiB resident", yscale="log")
    _lines(handles, minutes, samples, lambda sample: sample.handles, 1)
    handles.set(title="File handles", ylabel="open", yscale="log")
    _lines(disk, minutes, samples, lambda sample: sample.disk, 1 / _MIB)
    disk.set(title="Disk: grows with what is stored, and by nothing else", ylabel="MiB")
    _lines(lag, minutes, samples, lambda sample: sample.lag, 1)
    lag.set(title="Lag", ylabel="records behind", xlabel="minutes")
    rate = lag.twinx()
    rate.plot(minutes[1:], _rates(samples), color="#999999", linewidth=0.8)
    rate.set(ylabel="lines/s written (grey)", ylim=(0, None))
    for axes in (memory, handles, disk):
        axes.set(xlabel="minutes")
    for axes in (memory, handles, disk, lag):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=7, ncols=2)
    figure.suptitle(f"{samples[-1].lines:,} lines in {minutes[-1]:.0f} minutes")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _lines(
    axes: Any,
    minutes: Sequence[float],
    samples: Sequence[Sample],
    of: Callable[[Sample], Mapping[str, int]],
    factor: float,
) -> None:
    for name in sorted(of(samples[-1])):
        axes.plot(minutes, [of(sample).get(name, 0) * factor for sample in samples], label=name, linewidth=1)


def _rates(samples: Sequence[Sample]) -> list[float]:
    return [
        (after.lines - before.lines) / (after.seconds - before.seconds) for before, after in itertools.pairwise(samples)
    ]
