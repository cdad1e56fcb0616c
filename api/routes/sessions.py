"""Sessions: the list, one, its messages, its tree, what its lines say, those like it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import models
from api.answers import IfNoneMatch, tagged
from api.naming import opened
from api.parameters import (
    EntriesParameters,
    PageParameters,
    SessionId,
    SessionsParameters,
    SimilarParameters,
    TreeParameters,
)
from api.records import MessageFacts, SessionFacts, ToolCallFacts
from api.services import ServicesOf
from queries.conversation import Entry
from queries.entries import Line, list_entries
from queries.facts import generation_facts, message_facts, session_facts, tool_call_facts
from queries.generations import Generation
from queries.messages import list_messages
from queries.outline import Outline, outline, outline_state
from queries.sessions import list_sessions, one_session
from queries.similar import similar_sessions
from queries.times import iso
from queries.tool_calls import one_tool_call
from schemas.records import ToolCall

router = APIRouter(prefix="/v1", tags=["sessions"])


@router.get("/sessions", response_model=models.SessionPage)
def sessions(services: ServicesOf, asked: Annotated[SessionsParameters, Query()], etag: IfNoneMatch = None) -> Response:
    """Sessions, the latest activity first, page by page."""
    page = list_sessions(services.settings, asked.filters(), asked.limit, asked.after)
    found = opened([_session(row) for row in page.rows], services.openings)
    return tagged(models.SessionPage(sessions=found, next=page.next), etag)


@router.get("/sessions/{session_id}", response_model=SessionFacts)
def session(services: ServicesOf, session_id: SessionId, etag: IfNoneMatch = None) -> Response:
    """One session: what is counted and known of it."""
    row = services.recent.get(("session", session_id), lambda: one_session(services.settings, session_id))
    return tagged(opened([_session(row)], services.openings)[0], etag)


@router.get("/sessions/{session_id}/messages", response_model=models.MessagePage)
def messages(
    services: ServicesOf, session_id: SessionId, asked: Annotated[PageParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """The messages of a session, each once, by time and place."""
    page = services.recent.get(
        ("messages", session_id, asked.limit, asked.after),
        lambda: list_messages(services.settings, session_id, asked.limit, asked.after),
    )
    rows = [MessageFacts.model_validate(message_facts(row)) for row in page.rows]
    return tagged(models.MessagePage(messages=rows, next=page.next), etag)


@router.get("/sessions/{session_id}/tree", response_model=models.Tree)
def tree(
    services: ServicesOf, session_id: SessionId, asked: Annotated[TreeParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """How the lines of a generation of a session hang together, tool results folded into their calls."""
    state = outline_state(services.settings, session_id)
    whole = services.outlines.get(
        (session_id, asked.generation, state), lambda: outline(services.settings, session_id, asked.generation)
    )
    part = whole.part(asked.limit, asked.after)
    return tagged(
        models.Tree(
            entries=[models.TreeEntry.model_validate(_entry(entry, whole)) for entry in part.entries],
            missing_lines=whole.missing_lines,
            generations=[models.TreeGeneration.model_validate(_generation(each)) for each in whole.generations],
            next=part.next,
        ),
        etag,
    )


@router.get("/sessions/{session_id}/entries", response_model=models.EntryPage)
def entries(
    services: ServicesOf, session_id: SessionId, asked: Annotated[EntriesParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """What the lines of a session say, by place, whatever generation they stand in: the tree names those of one."""
    page = list_entries(services.settings, session_id, asked.limit, asked.after, first=asked.first, last=asked.last)
    lines = [models.LineFacts.model_validate(_line(each)) for each in page.entries]
    return tagged(models.EntryPage(entries=lines, next=page.next), etag)


@router.get("/sessions/{session_id}/tool-calls/{tool_call_id}", response_model=ToolCallFacts)
def tool_call(services: ServicesOf, session_id: SessionId, tool_call_id: UUID, etag: IfNoneMatch = None) -> Response:
    """One tool call, with its arguments and its result."""
    row = one_tool_call(services.settings, session_id, tool_call_id)
    return tagged(ToolCallFacts.model_validate(tool_call_facts(row)), etag)


@router.get("/sessions/{session_id}/similar", response_model=models.Similar)
def similar(
    services: ServicesOf, session_id: SessionId, asked: Annotated[SimilarParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """Sessions that are about the same."""
    found = similar_sessions(services.settings, session_id, asked.limit)
    sessions = [models.SimilarSession.model_validate(each) for each in found]
    return tagged(models.Similar(sessions=opened(sessions, services.openings)), etag)


def _session(row: Any) -> SessionFacts:
    return SessionFacts.model_validate(session_facts(row))


def _entry(entry: Entry, whole: Outline) -> dict[str, Any]:
    message = entry.message
    return {
        "event_id": entry.event_id,
        "entry_id": entry.entry_id,
        "line_number": entry.line_number,
        "kind": entry.kind,
        "occurred_at": iso(entry.occurred_at),
        "depth": entry.depth,
        "link": entry.link,
        "inherited": entry.inherited,
        "labels": list(entry.labels),
        "message_id": message["message_id"] if message else None,
        "role": message["role"] if message else None,
        "begins": message["text"] if message else None,
        "tool_calls": [_call(call, whole) for call in entry.tool_calls],
    }


def _call(call: ToolCall, whole: Outline) -> dict[str, Any]:
    result = call["result_entry_id"] or ""
    return {**call, "result_event_id": whole.event_ids.get(result), "result_images": whole.images.get(result, 0)}


def _generation(generation: Generation) -> dict[str, Any]:
    return generation_facts(generation) | {"last_at": iso(generation.last_at)}


def _line(line: Line) -> dict[str, Any]:
    event = line.event
    return {
        **event,
        "occurred_at": iso(event["occurred_at"]),
        "captured_at": iso(event["captured_at"]),
        "message": message_facts(line.message) if line.message else None,
    }
