"""The format of the data folder, so that each release starts with the folders of those before it.

What lies there for longer than a process runs has a number together: checkpoints, spool, state of the native stack,
records of the workers. The number rises with a release that no earlier one understands; that release brings older
folders up to it. `tests/cases/data-folders` has a folder of each number.
"""

from __future__ import annotations

import os
from pathlib import Path

from sessiontrack.errors import UnavailableError, UsageError
from sessiontrack.folders import private_folder

FORMAT = 1
_MARKER = "format"


def require_known_format(data_dir: Path) -> None:
    """Refuses a data folder that a later release has used; one without a number is of the first format, or new.

    Raises:
        UsageError: It is of a later format, or its number can't be read.
    """
    marker = data_dir / _MARKER
    try:
        text = marker.read_text("ascii")
        number = int(text)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UsageError(f"{marker} can't be read: {error}", hint="It holds a number; restore it.") from error
    if number > FORMAT:
        raise UsageError(
            f"{data_dir} is of format {number}, and this release knows formats up to {FORMAT}",
            hint="Use the release that was used with it last, or name another folder: SESSIONTRACK_DATA_DIR.",
        )


def claim_data_folder(data_dir: Path) -> None:
    """Makes the data folder where it is missing, and notes its format in it.

    Raises:
        UsageError: A later release has used it.
        UnavailableError: It can't be written.
    """
    require_known_format(data_dir)
    draft = data_dir / f".{_MARKER}.{os.getpid()}"
    try:
        marker = private_folder(data_dir) / _MARKER
        if not marker.exists():
            draft.write_text(f"{FORMAT}\n", "ascii")
            os.replace(draft, marker)
    except OSError as error:
        raise UnavailableError(
            f"{data_dir} can't be written: {error.strerror}", hint="`sessiontrack doctor` says what is wrong with it."
        ) from error
