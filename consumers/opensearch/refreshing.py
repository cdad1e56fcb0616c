"""How often what was written becomes visible: soon while the sink keeps up, seldom while it catches up.

Each refresh closes a small segment that has to be merged again, and that each later write looks into for its document:
while many records wait for their turn, nobody sees the newest ones sooner for it. Pure.
"""

from __future__ import annotations

import sys

# Long enough to halve the work of indexing, short enough to see a rebuild advance.
CATCHING_UP = "15s"
# A burst is no backlog: one full batch comes of a long reply, several in a row of a log that waits.
_FULL_BATCHES = 4


class RefreshInterval:
    """The interval that suits the batches that come.

    Args:
        usual: While the sink keeps up.
        full: How many records make a full batch.

    Attributes:
        usual: While the sink keeps up.
    """

    def __init__(self, usual: str, full: int) -> None:
        self.usual = usual
        self._full = full
        self._in_a_row = 0

    def after(self, records: int) -> str:
        """The interval after a batch.

        Args:
            records: How many it held; 0 where nothing came for a while.
        """
        self._in_a_row = self._in_a_row + 1 if records >= self._full else 0
        return CATCHING_UP if self._in_a_row >= _FULL_BATCHES else self.usual


class NeverRefreshing(RefreshInterval):
    """For an index that nobody searches yet: who fills it refreshes it at the end."""

    def __init__(self) -> None:
        super().__init__("-1", sys.maxsize)
