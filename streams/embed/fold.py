"""What a batch of messages comes to, once their vectors are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from schemas.records import SearchableMessage
from schemas.topics import CHUNKS, SESSION_VECTORS
from sessiontrack.errors import TerminalError
from sessiontrack.identity import chunk_id
from sessiontrack.providers.embedder import Vectors, no_vectors
from streams.batch import Changes, Output, Refusal
from streams.embed.context import context_of
from streams.embed.mixing import mixed
from streams.embed.patience import Made
from streams.embed.plan import Erasure, Incoming, Plan, Plans, begins, erase, remember
from streams.embed.records import chunk_record, session_vector_key, session_vector_record
from streams.embed.rows import Rows, direction_of

STAGE = "embed"


class Fold:
    """Folds messages in their order.

    Args:
        rows: As the batches before left them.
        space: In which the vectors are.
    """

    def __init__(self, rows: Rows, space: str) -> None:
        self._rows, self._space = rows, space
        self._changes = Changes()
        # Sessions whose vector changes, and the last message at which it did.
        self._touched: dict[str, int] = {}

    def changes(
        self,
        placed: Sequence[Incoming],
        plans: Plans,
        made: Mapping[int, Sequence[Made]],
    ) -> Changes:
        """What to publish and what to write.

        Args:
            placed: The batch.
            plans: What was embedded.
            made: By position, a vector for each passage, or why the provider refuses it.
        """
        for position, incoming in placed:
            if isinstance(incoming, Erasure):
                self._erase(position, incoming)
            elif begins(self._rows, position, incoming):
                if position in plans.failed:
                    self._refuse(position, incoming, plans.failed[position])
                elif position in plans.found:
                    self._take(position, plans.found[position], made[position])
        for session_id, position in self._touched.items():
            self._publish_session(session_id, position)
        self._changes.writes, self._changes.deletes = self._rows.changes()
        return self._changes

    def _take(self, position: int, plan: Plan, made: Sequence[Made]) -> None:
        message, vectors = plan.message, [each for each in made if not isinstance(each, TerminalError)]
        if refused := next((each for each in made if isinstance(each, TerminalError)), None):
            self._refuse(position, message, refused)
            return
        own = np.stack(vectors) if vectors else no_vectors(self._rows.dimensions)
        found_by = mixed(own, self._rows.vector_before(message))
        row = self._rows.message(message["message_id"])
        self._publish_chunks(position, plan, found_by)
        self._erase_chunks(position, message["message_id"], message["session_id"], len(own), row.chunks if row else 0)
        remember(self._rows, position, message, len(own))
        if vectors and not (row and row.is_counted):
            self._rows.count(message, found_by)
            self._touched[message["session_id"]] = position
        self._rows.take_turn(message, own)

    def _refuse(self, position: int, message: SearchableMessage, error: Exception) -> None:
        self._changes.refusals.append(Refusal(position, STAGE, error))
        remember(self._rows, position, message, None)
        self._rows.take_turn(message, no_vectors(self._rows.dimensions))

    def _erase(self, position: int, erasure: Erasure) -> None:
        row = erase(self._rows, position, erasure)
        if row is not None:
            self._erase_chunks(position, erasure.message_id, row.session_id, 0, row.chunks)
            self._touched[row.session_id] = position

    def _erase_chunks(self, position: int, message_id: str, session_id: str, begin: int, end: int) -> None:
        for index in range(begin, end):
            self._publish_chunk(position, session_id, chunk_id(message_id, self._space, index), None)

    def _publish_chunks(self, position: int, plan: Plan, vectors: Vectors) -> None:
        message = plan.message
        context = context_of(message, self._rows.session(message["session_id"])["conversation"])
        for index, (passage, vector) in enumerate(zip(plan.passages, vectors, strict=True)):
            record = chunk_record(
                message,
                passage,
                index=index,
                count=len(vectors),
                context=context,
                space=self._space,
                vector=vector.tolist(),
            )
            self._publish_chunk(position, message["session_id"], record["chunk_id"], record)

    def _publish_chunk(self, position: int, session_id: str, key: str, record: object) -> None:
        self._changes.outputs.append(Output(CHUNKS, key, session_id, record, STAGE, position))

    def _publish_session(self, session_id: str, position: int) -> None:
        row, direction = self._rows.session(session_id), direction_of(self._rows.sums[session_id])
        record = None
        if direction is not None:
            record = session_vector_record(session_id, row, space=self._space, vector=direction.tolist())
        key = session_vector_key(self._space, session_id)
        self._changes.outputs.append(Output(SESSION_VECTORS, key, session_id, record, STAGE, position))
