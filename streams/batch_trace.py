"""The spans of those records of a batch that carry a sampled trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import ConsumerRecord

from schemas.topics import SESSION_VECTORS, SESSIONS
from streams.batch import Output

if TYPE_CHECKING:
    from sessiontrack.traces.span import Span
    from sessiontrack.traces.traces import Traces

# Made of all that is known of a session: of the records of a batch, the last one that is traced shows them.
_OF_SESSIONS = frozenset({SESSIONS.name, SESSION_VECTORS.name})
_SUBJECT = "ce_subject"


class BatchTrace:
    """A span for each traced record, and the header that goes with what is made of it.

    Args:
        spans: By offset; at least one.
        records: The records of the batch.
    """

    def __init__(self, spans: dict[int, Span], records: Iterable[ConsumerRecord]) -> None:
        self._spans = spans
        self._headers = {offset: span.header for offset, span in spans.items()}
        self._of_session = {
            dict(record.headers).get(_SUBJECT): self._headers[record.offset]
            for record in records
            if record.offset in spans
        }

    def header(self, output: Output) -> tuple[str, bytes] | None:
        """The header of a record that is published; None where nothing that it was made of is traced."""
        if output.topic.name in _OF_SESSIONS:
            return self._of_session.get(output.session_id.encode())
        return self._headers.get(output.position)

    def end(self, refused: Iterable[tuple[int, Exception]]) -> None:
        """Ends the spans.

        Args:
            refused: Offset and error of the records that were set aside.
        """
        for offset, error in refused:
            if span := self._spans.get(offset):
                span.note_error(error)
        for span in self._spans.values():
            span.end()


def batch_trace(
    traces: Traces | None, records: Sequence[ConsumerRecord], group: str, attributes: Mapping[str, Any]
) -> BatchTrace | None:
    """Begins the spans of a batch; None where no record is traced.

    Args:
        traces: None where there are none.
        records: The batch.
        group: The consumer group.
        attributes: What each span says beside where its record stood.
    """
    if traces is None:
        return None
    spans = {record.offset: span for record in records if (span := traces.process(record, group, attributes))}
    return BatchTrace(spans, records) if spans else None
