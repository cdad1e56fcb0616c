"""capture: read transcripts, then follow them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import console, print_json


def capture(
    root: Annotated[
        list[Path] | None,
        typer.Option(help="State folder such as ~/.clawdbot; found by itself where left out. May be repeated."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Read what is there, wait until all is acknowledged, return.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Capture the sessions of a Clawdbot, Moltbot or OpenClaw on this machine, then follow them."""
    from producers.clawdbot.capture import CaptureProgress
    from producers.clawdbot.capture import capture as run
    from sessiontrack.logs import configure_logging
    from sessiontrack.settings import get_settings

    settings = get_settings()
    configure_logging(settings.log)
    out = console(stderr=True)
    with out.status("reading…") as shown:

        def told(progress: CaptureProgress) -> None:
            shown.update(str(progress))

        summary = asyncio.run(run(settings, list(root or settings.capture.roots), once=once, on_progress=told))
    if json:
        print_json(asdict(summary))
    else:
        console().print(str(summary), markup=False)
