"""Which faults hit, in which order: drawn from a seed, the same for the same seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.kinds import Kind


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: What happens.
        target: To whom.
        seconds: For how long.
    """

    kind: Kind
    target: str
    seconds: float

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.kind.name}: {self.target}{lasting}"

    @property
    def victim(self) -> str:
        """What it hits; two faults at a time never hit the same."""
        return self.kind.victim(self.target)


def plan(kinds: Sequence[Kind], count: int, seed: int, group_sizes: Sequence[int]) -> Iterator[list[Fault]]:
    """Groups of faults that hit at the same time, `count` faults in all.

    Args:
        kinds: What may happen.
        count: How many faults.
        seed: Equal seeds give equal plans.
        group_sizes: Sizes of groups, each as likely as it is often named.
    """
    draw = random.Random(f"faults:{seed}")
    left = count
    while left:
        group: dict[str, Fault] = {}
        size = min(draw.choice(group_sizes), left)
        while len(group) < size:
            fault = _fault(kinds, draw)
            group.setdefault(fault.victim, fault)
        left -= size
        yield list(group.values())


def _fault(kinds: Sequence[Kind], draw: random.Random) -> Fault:
    [kind] = draw.choices(kinds, [each.weight for each in kinds])
    return Fault(kind, draw.choice(kind.targets), round(draw.uniform(*kind.seconds), 1))
