"""What programs send, and the receipts for it: the same over HTTP and over a WebSocket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from producers.gateway import Outcome, Sent, SentContext, SentLifecycle, SentLine

# With the bound on bytes it bounds what one batch holds up.
MOST_EVENTS = 1_000
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
# No store takes NUL as text.
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_NAME = Field(None, max_length=512, pattern=_PRINTABLE)


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_id: str = Field(
        min_length=1,
        max_length=512,
        pattern=_PRINTABLE,
        description="The session.",
        examples=["chat-2026-03"],
    )
    agent_id: str | None = Field(
        None, max_length=512, pattern=_PRINTABLE, description="The session's agent.", examples=["main"]
    )


class Line(_Item):
    """A line of a transcript, of which the first is its header."""

    kind: Literal["line"]
    line: str = Field(
        description="The line exactly as it stands, mostly one JSON object; it gets a line end where it has none.",
        examples=['{"type":"session","id":"chat-2026-03","timestamp":"2026-03-01T09:00:00Z"}'],
    )
    after: str | None = Field(
        None,
        description=(
            "`after` of the receipt of the line before. Left out: it follows the line of its session before it in the"
            " batch, and is the first line of the transcript where there is none."
        ),
    )


class ContextFacts(_Item):
    """Facts about a session's context, as they were observed."""

    kind: Literal["context"]
    session_key: str | None = _NAME
    channel: str | None = _NAME
    chat_type: str | None = _NAME
    display_name: str | None = _NAME
    parent_session_id: str | None = _NAME
    parent_relation: str | None = _NAME


class LifecycleFact(_Item):
    """What happened to a session as a whole."""

    kind: Literal["lifecycle"]
    action: Literal["reset", "deleted", "ended"]
    at: AwareDatetime = Field(description="When it happened.", examples=["2026-03-01T12:00:00Z"])


class Batch(BaseModel):
    """Events, in the order in which they happened."""

    model_config = ConfigDict(extra="forbid")

    events: list[Annotated[Line | ContextFacts | LifecycleFact, Field(discriminator="kind")]] = Field(
        min_length=1, max_length=MOST_EVENTS
    )

    def sent(self) -> list[Sent]:
        """What the gateway takes."""
        return [_sent(each) for each in self.events]


class ReceiptFacts(BaseModel):
    """What became of one event."""

    status: Literal["accepted", "spooled", "refused"] = Field(
        description="accepted: the log has it. spooled: it is on disk, and goes to the log when that is back."
    )
    event_id: str | None = Field(description="Its id: the same whenever it is sent again. Null where it was refused.")
    partition: int | None = Field(description="Partition of the log.")
    offset: int | None = Field(description="Offset there; null while it is on disk.")
    after: str | None = Field(description="Of a line: give it with the next line of this transcript.")
    reason: str | None = Field(description="Why it was refused.")
    hint: str | None = Field(description="What to do then.")


class Receipts(BaseModel):
    """A receipt for each event, in their order."""

    receipts: list[ReceiptFacts]

    @property
    def status(self) -> int:
        """200, or 207 where some were refused."""
        return 207 if any(each.status == "refused" for each in self.receipts) else 200


def receipts_of(outcomes: list[Outcome]) -> Receipts:
    """The receipts that tell of outcomes."""
    return Receipts(receipts=[_receipt(each) for each in outcomes])


def _receipt(outcome: Outcome) -> ReceiptFacts:
    stands, error = outcome.receipt, outcome.error
    return ReceiptFacts(
        status=outcome.status,
        event_id=outcome.event_id,
        partition=stands.partition if stands else None,
        offset=stands.offset if stands else None,
        after=outcome.after,
        reason=str(error) if error else None,
        hint=error.hint if error else None,
    )


def _sent(item: Line | ContextFacts | LifecycleFact) -> Sent:
    match item:
        case Line():
            return SentLine(session_id=item.session_id, agent_id=item.agent_id, line=item.line, after=item.after)
        case ContextFacts():
            return SentContext(
                session_id=item.session_id,
                agent_id=item.agent_id,
                context={
                    "session_key": item.session_key,
                    "channel": item.channel,
                    "chat_type": item.chat_type,
                    "display_name": item.display_name,
                    "parent_session_id": item.parent_session_id,
                    "parent_relation": item.parent_relation,
                    "provenance": "OBSERVED",
                },
            )
        case LifecycleFact():
            at = (item.at - _EPOCH).total_seconds() * 1000
            return SentLifecycle(session_id=item.session_id, agent_id=item.agent_id, action=item.action, at=round(at))
