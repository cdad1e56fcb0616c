"""What verify asks of a store: what is cheap to say of all, and all of a few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from queries.verify.comparison import Dataset, Difference, Found, Total


class Store(Protocol):
    """One store, as it stands at one moment."""

    datasets: Sequence[Dataset]
    """What it holds."""
    exclusive: bool
    """Whether a unit that nothing asks for is a difference."""

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        """What the store itself computes of each unit that it holds, without sending a body.

        Equal to what it was only if every record of the unit is.
        """

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        """What the records of some units come to, without sending a body; nothing of units that it can't sum up.

        The sum is made of the contents that are stored, or of what is proved to belong to them.
        """

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found | Difference]:
        """The records of some units, read in full; a difference where something can't be read."""
