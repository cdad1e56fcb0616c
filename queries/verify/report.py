"""What a verify found."""

from __future__ import annotations

from dataclasses import dataclass

from queries.verify.comparison import Check, Difference


@dataclass(frozen=True, slots=True)
class Report:
    """What a verify found.

    Attributes:
        records: Records of the log before the cut, of all its lives.
        read: Of those, how many were read this time; the others stood in the ledger.
        sessions: Sessions among them.
        repeats: Records that had come before: captured again, and dropped by readers.
        undecodable: Records that do not decode.
        stored_since: Dead letters that stand although a repeat of their record was processed: a redrive settles them.
        in_motion: Differences that are left out because their session went on after the cut.
        checks: The result for each dataset of each store.
    """

    records: int
    read: int
    sessions: int
    repeats: int
    undecodable: int
    stored_since: int
    in_motion: int
    checks: tuple[Check, ...]

    @property
    def differences(self) -> list[Difference]:
        """All differences, store by store."""
        return [difference for check in self.checks for difference in check.differences]
