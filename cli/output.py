"""How commands speak: tables for people, JSON for programs, errors that say what to do next."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from sessiontrack.errors import SessionTrackError

# Of a session id: enough to tell sessions apart, and a command takes any unique beginning.
SHORT_ID = 8
# What reads a pipe has no width that lines would have to fit in, unless COLUMNS names one.
PIPE_WIDTH = 1000
# A column that gives way is never narrower, if it has so much to say.
WRAPPED_WIDTH = 16
# As the web dashboard calls them.
_ROLES = {
    "user": "Person",
    "assistant": "Assistant",
    "toolResult": "Tool result",
    "bashExecution": "Command",
    "custom_message": "Extension",
}
LOCAL_TIME = "%Y-%m-%d %H:%M %Z"


def console(*, stderr: bool = False) -> Console:
    """A rich console on standard output, or on standard error for progress and errors."""
    from rich.console import Console

    out = Console(stderr=stderr, highlight=False)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = PIPE_WIDTH
    return out


def print_json(value: Any) -> None:
    """One JSON document on standard output; text is written as it is, not escaped."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str).translate(_SURROGATES) + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = (), wrapped: Sequence[str] = ()
) -> None:
    """A table.

    Args:
        columns: Headings.
        rows: Cells, turned into text as they are; no markup is read in them.
        right: Headings whose column is set flush right.
        wrapped: Headings of columns that hold sentences: they give way on a narrow terminal, as the last one does.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[cell if isinstance(cell, Text) else Text(_cell(cell)) for cell in row] for row in rows]
    for place, column in enumerate(columns):
        # Ids, names and numbers stay in one piece.
        gives_way = column in wrapped or place == len(columns) - 1
        widest = max([len(column), *(row[place].cell_len for row in cells)])
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=not gives_way,
            min_width=min(widest, WRAPPED_WIDTH) if gives_way else widest,
        )
    for row in cells:
        table.add_row(*row)
    out = console()
    # On a narrower terminal the lines break; cells that were cut would lose what they say.
    out.width = max(out.width, sum(column.min_width or 0 for column in table.columns) + 3 * len(columns))
    out.print(table)


def _cell(value: Any) -> str:
    return "" if value is None else safe(str(value))


def safe(text: str) -> str:
    """Text without control characters: what a transcript holds must not steer the terminal that shows it."""
    return text.translate(_CONTROLS)


def counted(count: int, noun: str) -> str:
    """So many of something: `1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def role_name(role: str) -> str:
    """Whose a message is, where it names nobody."""
    return _ROLES.get(role, role)


def local_time(milliseconds: int | None, pattern: str = LOCAL_TIME) -> str:
    """Epoch milliseconds as a person here reads it, in the local zone, which it names; nothing for an unknown time.

    Args:
        milliseconds: The time; 0 or None where it is not known.
        pattern: How it is written, as `strftime` takes it.
    """
    from datetime import UTC, datetime, timedelta

    # 0 is the time of a line before which no line states one.
    if not milliseconds:
        return ""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.astimezone().strftime(pattern)


@contextmanager
def errors_told() -> Iterator[None]:
    """Turns our errors into a message, a hint and an exit code; other exceptions pass."""
    from sessiontrack.errors import SessionTrackError, UsageError
    from sessiontrack.extras import install_hint

    try:
        yield
    except SessionTrackError as error:
        _end(error)
    except ModuleNotFoundError as error:
        # A host that only captures has none of the extras.
        _end(
            UsageError(
                f"this command needs {error.name}, which is not installed here",
                hint=f"Install all of it: `{install_hint('all')}`.",
            )
        )


def _end(error: SessionTrackError) -> NoReturn:
    typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
    if error.hint:
        typer.secho(f"  → {error.hint}", err=True)
    sys.exit(exit_code(error))


def exit_code(error: SessionTrackError) -> Exit:
    """The exit code that tells of an error."""
    from sessiontrack.errors import NotFoundError, TransientError, UnavailableError, UsageError

    match error:
        case NotFoundError():
            return Exit.NOT_FOUND
        case UsageError():
            return Exit.USAGE
        case UnavailableError() | TransientError():
            return Exit.UNAVAILABLE
        case _:
            return Exit.FAILED


_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
