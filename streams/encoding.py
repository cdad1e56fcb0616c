"""Runs stages over a batch and encodes what they publish; what can't be encoded refuses what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sessiontrack.errors import TerminalError
from streams.batch import Changes, Refusal, State
from streams.batch_trace import BatchTrace
from streams.publisher import Record
from streams.stages import Stages


class Encoded(NamedTuple):
    """What a batch comes to.

    Attributes:
        records: To be published, and acknowledged, before anything is written; by name of the topic.
        writes: To be written to the state, in this order.
        deletes: Keys to be deleted from the state after that.
        refusals: Records that were left out.
    """

    records: dict[str, list[Record]]
    writes: dict[bytes, bytes]
    deletes: list[bytes]
    refusals: list[Refusal]


async def encode_batch(
    state: State,
    placed: Sequence[tuple[int, Any]],
    stages: Stages,
    is_interrupted: Callable[[], bool] = lambda: False,
    trace: BatchTrace | None = None,
) -> Encoded:
    """Runs stages over records of one partition, in the order of the log.

    What is refused is not folded: else it would be a repeat when it is redriven, and bring nothing.

    Args:
        state: As the batches before left it.
        placed: The batch: positions, and what `stages.decode` made.
        stages: What is run.
        is_interrupted: Whether to leave it.
        trace: Where what is made of the records gets the traces from that they carry.

    Raises:
        Interrupted: It is left.
    """
    refusals: list[Refusal] = []
    while True:
        changes = await stages.process(state, placed, is_interrupted)
        records, unfit = _encoded(changes, placed, stages, trace)
        if not unfit:
            return Encoded(records, changes.writes, changes.deletes, refusals + changes.refusals)
        refusals += unfit.values()
        placed = [each for each in placed if each[0] not in unfit]


def _encoded(
    changes: Changes, placed: Sequence[tuple[int, Any]], stages: Stages, trace: BatchTrace | None
) -> tuple[dict[str, list[Record]], dict[int, Refusal]]:
    """The records by topic, and by position what was read of which the records can't be encoded."""
    records: dict[str, list[Record]] = {}
    unfit: dict[int, Refusal] = {}
    for output in changes.outputs:
        try:
            record = stages.codec.encode(output)
        except TerminalError as error:
            made_of = stages.made_of(output, placed)
            unfit |= {position: Refusal(position, output.stage, error) for position in made_of}
            continue
        if trace and (header := trace.header(output)):
            record.headers.append(header)
        records.setdefault(output.topic.name, []).append(record)
    return records, unfit
