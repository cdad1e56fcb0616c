"""init: what the pipeline needs in its servers."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import console

# Between two attempts; all that is there already is found again within a second.
RETRY_SECONDS = 2.0


def init(
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for servers that are away.")] = 0.0,
) -> None:
    """Make topics, schemas, bucket, tables and indexes.

    Makes what is missing in the servers that the settings name, and brings the rest up to date; changes nothing the
    second time. `up` does this for its own servers.
    """
    import time

    from infra.init import initialise
    from sessiontrack.errors import TransientError, UnavailableError
    from sessiontrack.settings import get_settings

    settings = get_settings()
    out = console(stderr=True)
    deadline = time.monotonic() + wait
    told = ""
    while True:
        try:
            initialise(settings, lambda step: out.print(f"[bold]init[/bold]  {step}"))
            return
        except (TransientError, UnavailableError) as error:
            if time.monotonic() + RETRY_SECONDS > deadline:
                raise
            if str(error) != told:
                told = str(error)
                out.print(f"waiting: {told}", markup=False)
        time.sleep(RETRY_SECONDS)
