"""Clocks of the workers that can jump, by libfaketime where the machine has it (Debian: `libfaketime`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The multi-threaded build; Debian's folders by architecture, then those of Fedora and Homebrew on Linux.
_LIBRARY = "libfaketimeMT.so.1"
_FOLDERS = ("/usr/lib/*/faketime", "/usr/lib64/faketime", "/home/linuxbrew/.linuxbrew/lib/faketime")


class Clocks:
    """The wall clocks of all workers, which show the same; monotonic clocks go on as they should.

    Args:
        file: What libfaketime reads once a second.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._library = next((path for each in _FOLDERS for path in Path("/").glob(f"{each[1:]}/{_LIBRARY}")), None)
        self._set(0)

    @property
    def can_jump(self) -> bool:
        """Whether libfaketime is there."""
        return self._library is not None

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process whose clock this is."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }

    @contextmanager
    def jump(self, seconds: int) -> Iterator[None]:
        """The clock is wrong by so many seconds, then right again."""
        self._set(seconds)
        try:
            yield
        finally:
            self._set(0)

    def _set(self, seconds: int) -> None:
        self._file.write_text(f"{seconds:+d}")
