"""What a rebuild came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operations.rebuild.progress import Progress
from operations.rebuild.source import Origin


@dataclass(frozen=True, slots=True)
class Summary:
    """What a rebuild came to.

    Attributes:
        name: What was rebuilt.
        origin: `log` or `archive`; None where an earlier run had done it all.
        records: Records that the store holds now, by topic.
        refused: Records that it does not take, which its group had set aside before.
        progress: The last moment of this run.
    """

    name: str
    origin: Origin | None
    records: Mapping[str, int]
    refused: int
    progress: Progress
