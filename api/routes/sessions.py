"""Sessions: the list, one, its messages, its tree, those like it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import models
from api.answers import IfNoneMatch, tagged
from api.parameters import PageParameters, SessionId, SessionsParameters, SimilarParameters, TreeParameters
from api.records import MessageFacts, SessionFacts
from api.services import ServicesOf
from queries.conversation import Entry
from queries.facts import message_facts, session_facts
from queries.messages import list_messages
from queries.outline import outline
from queries.sessions import list_sessions, one_session
from queries.similar import similar_sessions
from queries.times import iso

router = APIRouter(prefix="/v1", tags=["sessions"])


@router.get("/sessions", response_model=models.SessionPage)
def sessions(services: ServicesOf, asked: Annotated[SessionsParameters, Query()], etag: IfNoneMatch = None) -> Response:
    """Sessions, the latest activity first, page by page."""
    page = list_sessions(services.settings, asked.filters(), asked.limit, asked.after)
    return tagged(models.SessionPage(sessions=[_session(row) for row in page.rows], next=page.next), etag)


@router.get("/sessions/{session_id}", response_model=SessionFacts)
def session(services: ServicesOf, session_id: SessionId, etag: IfNoneMatch = None) -> Response:
    """One session: what is counted and known of it."""
    row = services.recent.get(("session", session_id), lambda: one_session(services.settings, session_id))
    return tagged(_session(row), etag)


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
    """How the lines of a session's current generation hang together, tool results folded into their calls."""
    part = services.recent.get(
        ("tree", session_id, asked.limit, asked.after),
        lambda: outline(services.settings, session_id, asked.limit, asked.after),
    )
    entries = [models.TreeEntry.model_validate(_entry(entry)) for entry in part.entries]
    return tagged(models.Tree(entries=entries, missing_lines=part.missing_lines, next=part.next), etag)


@router.get("/sessions/{session_id}/similar", response_model=models.Similar)
def similar(
    services: ServicesOf, session_id: SessionId, asked: Annotated[SimilarParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """Sessions that are about the same."""
    found = similar_sessions(services.settings, session_id, asked.limit)
    return tagged(models.Similar(sessions=[models.SimilarSession.model_validate(each) for each in found]), etag)


def _session(row: Any) -> SessionFacts:
    return SessionFacts.model_validate(session_facts(row))


def _entry(entry: Entry) -> dict[str, Any]:
    message = entry.message
    return {
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
        "tool_calls": list(entry.tool_calls),
    }
