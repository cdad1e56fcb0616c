"""Asks a running worker how it is, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from sessiontrack.telemetry.process import PEAK_MEMORY, RESIDENT_MEMORY

# It answers from a thread of its own, within milliseconds.
_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What a worker answered.

    Attributes:
        status: `ready`, `late`, `waiting` or `stuck`.
        waits_for: What it waits for; empty when it is ready.
        oldest_unprocessed_s: For how long its oldest record has been waiting, seconds; 0 where there is none.
        resident_bytes: Its memory now; 0 where its system does not tell.
        peak_bytes: The most memory that it ever had.
    """

    status: str
    waits_for: str
    oldest_unprocessed_s: float
    resident_bytes: int
    peak_bytes: int


def probe(address: str) -> Probe | None:
    """How the worker is that serves its telemetry at host:port; None where nothing answers."""
    try:
        # No proxy of the environment: the address is this machine's, or named by its owner.
        with httpx.Client(base_url=f"http://{address}", timeout=_TIMEOUT_S, trust_env=False) as client:
            health = client.get("/health/ready").json()
            families = text_string_to_metric_families(client.get("/metrics").text)
            values = {sample.name: sample.value for family in families for sample in family.samples}
    except (httpx.HTTPError, ValueError):
        return None
    return Probe(
        health["status"],
        health.get("waits_for", ""),
        float(health.get("oldest_unprocessed_s", 0)),
        int(values.get(RESIDENT_MEMORY, 0)),
        int(values.get(PEAK_MEMORY, 0)),
    )
