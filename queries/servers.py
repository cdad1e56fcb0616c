"""Whether the servers answer that everything runs on, and whether the disk has room."""

from __future__ import annotations

import asyncio

from queries.doctor.finding import Finding, ok, wrong
from queries.doctor.machine import check_disk
from queries.doctor.servers import check_broker, check_object_store, check_registry
from queries.readiness import away
from sessiontrack.settings import Settings


async def check_servers(settings: Settings) -> list[Finding]:
    """What was found of each server, of the topics, the clock and the disk; takes seconds at most, changes nothing."""
    found = await asyncio.gather(
        check_broker(settings),
        check_registry(settings),
        check_object_store(settings),
        asyncio.to_thread(_check_stores, settings),
        asyncio.to_thread(lambda: [check_disk(settings.data_dir, settings.disk_reserve_bytes)]),
    )
    return [finding for findings in found for finding in findings]


def _check_stores(settings: Settings) -> list[Finding]:
    missing = away(settings)
    addresses = {
        "postgres": f"{settings.postgres.host}:{settings.postgres.port}",
        "opensearch": settings.opensearch.url,
    }
    return [
        wrong(name, f"no answer from {address}", "sessiontrack up", "no_answer", address=address)
        if name in missing
        else ok(name, f"{address} answers", "answers", address=address)
        for name, address in addresses.items()
    ]
