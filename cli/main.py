"""The `sessiontrack` command."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import browse, capture, dead_letters, doctor, init, rebuild, run, search, serve, service, stack, tail, verify
from cli.exits import Exit
from cli.output import errors_told

# \b keeps the lines as they are.
EPILOG = "\b\nExit codes:\n" + "\n".join(f"{int(code):5}  {code.meaning}" for code in Exit)

app = typer.Typer(
    name="sessiontrack",
    help="The flight recorder of an AI assistant: captures every session, keeps it exactly, finds it again.",
    epilog=EPILOG,
    no_args_is_help=True,
    # Help as plain text: the decorated one costs half of the time that an answer may take.
    rich_markup_mode=None,
    # Local variables hold message text and passwords.
    pretty_exceptions_show_locals=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from sessiontrack import __version__

        typer.echo(f"sessiontrack {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What is common to all commands."""


app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("init")(init.init)
app.command("capture")(capture.capture)
app.command("doctor")(doctor.doctor)
app.command("run")(run.run)
app.command("serve")(serve.serve)
app.add_typer(service.app, name="service")
app.command("sessions")(browse.sessions)
app.command("show")(browse.show)
app.command("export")(browse.export)
app.command("search")(search.search)
app.command("verify")(verify.verify)
app.add_typer(dead_letters.app, name="dead-letters")
app.command("rebuild")(rebuild.rebuild)
app.command("tail")(tail.tail)


def main() -> None:
    """Runs the command line."""
    import logging

    # What libraries have to say, our errors say better; `capture` sets up a log of its own.
    logging.getLogger().addHandler(logging.NullHandler())
    with errors_told():
        app(prog_name="sessiontrack")


if __name__ == "__main__":
    main()
