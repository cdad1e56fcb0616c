"""`python -m infra.stack`: fetches and builds the servers into the cache, so that a later start takes seconds."""

from __future__ import annotations

import sys

from infra.stack.stack import NativeStack
from sessiontrack.errors import SessionTrackError
from sessiontrack.settings import get_settings


def tell(part: str, message: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{part}: {message}\n")


if __name__ == "__main__":
    try:
        NativeStack(get_settings()).install(tell)
    except SessionTrackError as error:
        sys.exit(f"{error}\n{error.hint or ''}")
