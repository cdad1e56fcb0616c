"""Live events, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.event_stream import EventStream, Sent
from api.parameters import SessionId
from api.records import EventFacts
from api.services import Services, ServicesOf
from queries.facts import event_facts
from queries.live import checked_position
from sessiontrack.errors import UnavailableError

router = APIRouter(prefix="/v1", tags=["live"])

LastEventId = Annotated[
    str | None, Header(max_length=512, description="`id` of the last event that was read: go on after it.")
]
_GAP = {
    "detail": "the log does not keep what came after that id",
    "hint": "What was missed is in the sessions' messages.",
}
_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {
        "description": (
            "A stream of events; the `data` of each is an event of the log (EventFacts). Others are named: `ready`"
            " (read from here on), `gap` (the log has lost what came after that id), and as the last one `dropped`"
            " (read too slowly), `closing` (the server ends) or `unavailable` (the log is away)."
        ),
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/live", response_class=Response, responses=_RESPONSES)
async def all_sessions(services: ServicesOf, last_event_id: LastEventId = None) -> Response:
    """The events of all sessions as they come."""
    return _stream(services, None, last_event_id)


@router.get("/sessions/{session_id}/live", response_class=Response, responses=_RESPONSES)
async def one(services: ServicesOf, session_id: SessionId, last_event_id: LastEventId = None) -> Response:
    """The events of one session as they come; it need not have begun."""
    return _stream(services, session_id, last_event_id)


def _stream(services: Services, session_id: str | None, after: str | None) -> Response:
    if after is not None:
        checked_position(after, session_id)
    services.check_streams()
    return EventStream(_events(services, session_id, after), services.closing, dropped=services.metrics.dropped)


async def _events(services: Services, session_id: str | None, after: str | None) -> AsyncGenerator[Sent]:
    if services.live is None:
        raise UnavailableError("the API has not started yet")
    with services.stream():
        async for each in services.live.events(session_id, after):
            if each.event is None:
                yield Sent(_GAP if each.kind == "gap" else {}, event=each.kind, id=each.position)
            else:
                yield Sent(EventFacts.model_validate(event_facts(each.event)).model_dump(), id=each.position)
