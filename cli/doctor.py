"""doctor: what is wrong here, and what fixes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.capture import BROKER, REGISTRY
from cli.exits import Exit
from cli.output import print_json, print_table

if TYPE_CHECKING:
    from queries.doctor.finding import Finding


def doctor(
    broker: Annotated[str | None, BROKER] = None,
    registry: Annotated[str | None, REGISTRY] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is wrong on this machine, and the command that fixes it.

    Looks at the machine, the servers, the capture and what waits to be sent, all at once, in a few seconds; needs no
    server to be up, and changes nothing. Exits with 4 where something is wrong; a warning is none.
    """
    import logging

    # A server that does not answer is a finding, told as such.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    findings = _findings(broker, registry)
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.level == "wrong" for finding in findings):
        raise typer.Exit(int(Exit.UNAVAILABLE))


def _findings(broker: str | None, registry: str | None) -> list[Finding]:
    import asyncio

    from queries.doctor.examine import examine
    from queries.doctor.finding import wrong
    from sessiontrack.errors import UsageError
    from sessiontrack.settings import get_settings, with_servers

    try:
        settings = get_settings()
    except UsageError as error:
        return [wrong("configuration", str(error), error.hint or "")]
    return asyncio.run(examine(with_servers(settings, broker, registry)))


def _print(findings: list[Finding]) -> None:
    from rich.text import Text

    styles = {"ok": "green", "warning": "yellow", "wrong": "bold red"}
    print_table(
        ["check", "", "found", "what fixes it"],
        [
            (finding.check, Text(finding.level, styles[finding.level]), finding.found, finding.mend)
            for finding in findings
        ],
        wrapped=["found"],
    )
