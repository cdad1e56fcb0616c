"""service: the capture as a service of the user."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.capture import BROKER, REGISTRY, ROOT
from cli.exits import Exit
from cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.service.definition import ServiceDefinition

# What the service gets of this shell's variables: where its settings are. The rest may hold passwords.
_TAKEN_OVER = ("SESSIONTRACK_DATA_DIR", "SESSIONTRACK_CONFIG")

app = typer.Typer(
    help="Run the capture as a service: it starts with the machine (on macOS with your login), and again when it ends.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be written; change nothing.")]


@app.command("install")
def install(
    broker: Annotated[str | None, BROKER] = None,
    registry: Annotated[str | None, REGISTRY] = None,
    root: Annotated[list[Path] | None, ROOT] = None,
    dry_run: DryRun = False,
) -> None:
    """Install and start the service; doing so again brings it up to date.

    A systemd user unit on Linux, a launchd agent on macOS. Passwords are not written into it: keep them in the
    configuration file (mode 0600).
    """
    import os

    from infra.service.supervisor import supervisor
    from sessiontrack.settings import get_settings, with_servers

    settings = with_servers(get_settings(), broker, registry)
    _check_for_password(registry)
    definition = _definition(_arguments(broker, registry, root), os.environ, settings.data_dir)
    manager = supervisor()
    if dry_run:
        typer.echo(f"# {manager.path}\n{manager.rendered(definition)}", nl=False)
        return
    for remark in manager.install(definition):
        typer.echo(remark)
    typer.echo(f"installed and started: {manager.path}")
    if left := _left_out(os.environ):
        typer.echo(f"not taken over from this shell, put them into the configuration file: {', '.join(left)}", err=True)


@app.command("remove")
def remove(dry_run: DryRun = False) -> None:
    """Stop the service and remove it; what was captured stays."""
    from infra.service.supervisor import supervisor

    manager = supervisor()
    if dry_run:
        typer.echo(f"would remove {manager.path}" if manager.path.exists() else "not installed")
    else:
        typer.echo(f"removed {manager.path}" if manager.remove() else "not installed")


@app.command("status")
def status(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show whether the service is installed, enabled and running; exits with 4 where it is not running."""
    from infra.service.supervisor import supervisor

    state = supervisor().state()
    if json:
        print_json(asdict(state))
    else:
        words = {"installed": state.installed, "enabled": state.enabled, "running": state.running}
        typer.echo(f"{state.path}: {', '.join(word if true else f'not {word}' for word, true in words.items())}")
    if not state.running:
        raise typer.Exit(int(Exit.UNAVAILABLE))


def _definition(arguments: list[str], environ: Mapping[str, str], data_dir: Path) -> ServiceDefinition:
    import sys

    from infra.service.definition import ServiceDefinition

    script = Path(sys.executable).with_name("sessiontrack")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "cli.main"]
    variables = {name: str(Path(environ[name]).expanduser().absolute()) for name in _TAKEN_OVER if environ.get(name)}
    return ServiceDefinition(
        command=(*program, "capture", *arguments),
        environment={**variables, "SESSIONTRACK_LOG__FORMAT": "json"},
        log=data_dir / "logs" / "capture.log",
    )


def _arguments(broker: str | None, registry: str | None, roots: list[Path] | None) -> list[str]:
    options = [("--broker", broker), ("--registry", registry)]
    options += [("--root", str(root.expanduser().absolute())) for root in roots or []]
    return [word for name, value in options if value for word in (name, value)]


def _check_for_password(url: str | None) -> None:
    from urllib.parse import urlsplit

    from sessiontrack.errors import UsageError

    if url and urlsplit(url).password:
        raise UsageError(
            "a password in --registry would be written into the service's definition, which others can read",
            hint="Put the URL into the configuration file: [registry] url = …",
        )


def _left_out(environ: Mapping[str, str]) -> list[str]:
    return sorted(name for name in environ if name.startswith("SESSIONTRACK_") and name not in _TAKEN_OVER)
