from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sessiontrack.errors import UsageError
from sessiontrack.settings import TracesSettings
from sessiontrack.traces.opening import open_traces

# What every worker and every producer runs on. Clients of stores may bring the API of OpenTelemetry themselves.
_PROGRAM = """
import sys
import consumers.engine, consumers.archive.sink, consumers.postgres.sink, producers.emitter, streams.worker
from sessiontrack.settings import TracesSettings
from sessiontrack.traces.opening import open_traces
assert open_traces(TracesSettings(), "streams") is None
print([name for name in sys.modules if name.partition(".")[0] == "opentelemetry"])
"""


def test_off_by_default_nothing_of_it_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=Path(__file__).parents[4], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    for module in ("sessiontrack.traces.traces", "sessiontrack.traces.export"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(UsageError, match=r"opentelemetry\.sdk\.trace") as refusal:
        open_traces(TracesSettings(endpoint="http://127.0.0.1:4318"), "streams")
    assert "/path/to/clone[traces]" in (refusal.value.hint or "")
