"""Runs the stages over a batch and encodes what they publish; what can't be encoded refuses what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sessiontrack.errors import TerminalError
from streams.batch import Changes, Placed, Refusal, State, made_of, process_batch
from streams.codec import Codec
from streams.publisher import Record


class Encoded(NamedTuple):
    """What a batch comes to.

    Attributes:
        records: To be published, and acknowledged, before anything is written; by name of the topic.
        writes: To be written to the state, in this order.
        refusals: Events that were left out.
    """

    records: dict[str, list[Record]]
    writes: dict[bytes, bytes]
    refusals: list[Refusal]


def encode_batch(state: State, events: Sequence[Placed], codec: Codec) -> Encoded:
    """Runs the stages over events of one partition, in the order of the log.

    What is refused is not folded: else it would be a repeat when it is redriven, and bring nothing.

    Args:
        state: As the batches before left it.
        events: The batch.
        codec: Encodes.
    """
    refusals: list[Refusal] = []
    while True:
        changes = process_batch(state, events)
        records, unfit = _encoded(changes, events, codec)
        if not unfit:
            return Encoded(records, changes.writes, refusals + changes.refusals)
        refusals += unfit.values()
        events = [placed for placed in events if placed[0] not in unfit]


def _encoded(
    changes: Changes, events: Sequence[Placed], codec: Codec
) -> tuple[dict[str, list[Record]], dict[int, Refusal]]:
    """The records by topic, and by position the events whose records can't be encoded."""
    records: dict[str, list[Record]] = {}
    unfit: dict[int, Refusal] = {}
    for output in changes.outputs:
        try:
            records.setdefault(output.topic.name, []).append(codec.encode(output))
        except TerminalError as error:
            unfit |= {position: Refusal(position, output.stage, error) for position in made_of(output, events)}
    return records, unfit
