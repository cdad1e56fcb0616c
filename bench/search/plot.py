"""How latencies grow with the number of messages, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.search.measure import CLIENTS, KINDS


def plot(results: Mapping[str, Any], path: Path) -> None:
    """Draws p50 and p99 by kind, for each number of clients.

    Args:
        results: What was measured, by the number of messages.
        path: The picture.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sizes = sorted(map(int, results))
    figure, panels = pyplot.subplots(1, len(CLIENTS), figsize=(12, 5), sharey=True, layout="constrained")
    for axes, clients in zip(panels, CLIENTS, strict=True):
        for place, kind in enumerate(KINDS):
            measured = [results[str(size)]["latency_ms"][kind][str(clients)] for size in sizes]
            axes.plot(sizes, [each["p50"] for each in measured], "o-", color=f"C{place}", label=f"{kind}, p50")
            axes.plot(sizes, [each["p99"] for each in measured], "o--", color=f"C{place}", label=f"{kind}, p99")
        axes.set(title=f"{clients} at a time", xlabel="messages", xscale="log", yscale="log")
        axes.grid(alpha=0.3, which="both")
    panels[0].set(ylabel="milliseconds at the API")
    panels[0].legend(frameon=False, fontsize=8, ncols=2)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
