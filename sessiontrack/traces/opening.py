"""Turns traces on where the settings say so; where they do not, nothing of OpenTelemetry is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sessiontrack.errors import UsageError
from sessiontrack.extras import install_hint
from sessiontrack.settings import TracesSettings

if TYPE_CHECKING:
    from sessiontrack.traces.traces import Traces


def open_traces(settings: TracesSettings, service: str) -> Traces | None:
    """What records the traces of a process, to be closed; None where there are none.

    Args:
        settings: Where traces go.
        service: What the process does: the name of its worker, or `producers`.

    Raises:
        UsageError: Traces are wanted, and the extra `traces` is not installed.
    """
    if not settings.endpoint:
        return None
    try:
        from sessiontrack.traces.traces import Traces
    except ImportError as error:
        raise UsageError(
            f"traces are turned on, and OpenTelemetry is not installed: {error}",
            hint=f"{install_hint('traces')}, or leave the setting traces.endpoint empty.",
        ) from error
    return Traces(settings, service)


@contextmanager
def opened_traces(settings: TracesSettings, service: str) -> Iterator[Traces | None]:
    """The same, closed at the end."""
    traces = open_traces(settings, service)
    try:
        yield traces
    finally:
        if traces:
            traces.close()
