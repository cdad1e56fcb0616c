"""Runs all checks at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from queries.doctor.capture import (
    captured_folders,
    check_capture,
    check_inotify,
    check_service,
    check_spool,
    check_state_folders,
)
from queries.doctor.finding import Finding, wrong
from queries.doctor.machine import check_config, check_data_folder, check_disk, check_python
from queries.doctor.servers import check_broker, check_object_store, check_registry
from queries.doctor.stack import check_prerequisites, check_workers
from sessiontrack.settings import Settings, config_path

# Each check bounds itself; this bounds those that meet a disk or a name server that hangs.
_TIMEOUT_S = 8.0


async def examine(settings: Settings) -> list[Finding]:
    """What all checks found, in an order that puts causes before effects; takes seconds, changes nothing."""
    roots = captured_folders(settings)
    checks: list[tuple[str, Awaitable[list[Finding] | Finding]]] = [
        ("python", _in_thread(check_python)),
        ("configuration", _in_thread(lambda: check_config(config_path()))),
        ("data folder", _in_thread(lambda: check_data_folder(settings.data_dir))),
        ("disk", _in_thread(lambda: check_disk(settings.data_dir, settings.disk_reserve_bytes))),
        ("stack", _in_thread(lambda: check_prerequisites(settings))),
        ("broker", check_broker(settings)),
        ("registry", check_registry(settings)),
        ("object store", check_object_store(settings)),
        ("workers", _in_thread(lambda: check_workers(settings))),
        ("transcripts", _in_thread(lambda: check_state_folders(roots))),
        ("inotify", _in_thread(lambda: check_inotify(roots))),
        ("capture", _in_thread(lambda: check_capture(settings, roots))),
        ("service", _in_thread(check_service)),
        ("spool", _in_thread(lambda: check_spool(settings))),
    ]
    found = await asyncio.gather(*(_bounded(name, check) for name, check in checks))
    return [finding for findings in found for finding in findings]


async def _in_thread(check: Callable[[], list[Finding] | Finding]) -> list[Finding] | Finding:
    return await asyncio.to_thread(check)


async def _bounded(name: str, check: Awaitable[list[Finding] | Finding]) -> list[Finding]:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            findings = await check
    except TimeoutError:
        return [wrong(name, f"no result within {_TIMEOUT_S:.0f} s", "look for a disk or a network that hangs")]
    except Exception as error:  # noqa: BLE001  # a check that fails is a finding; the others are told all the same
        return [wrong(name, f"the check failed: {type(error).__name__}: {error}", "report this as a bug")]
    return findings if isinstance(findings, list) else [findings]
