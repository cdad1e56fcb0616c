"""What hints say of parts that are not installed."""

from __future__ import annotations


def install_hint(extra: str) -> str:
    """The command that installs an extra.

    It names a folder with our sources: we are in no package index, and a stranger may be there under our name.
    """
    return f"pip install '/path/to/clone[{extra}]'"
