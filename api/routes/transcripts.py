"""Transcripts as they were: generations, the bytes of one, the bytes of one line."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api import models
from api.answers import IfNoneMatch, matches, tagged
from api.parameters import SessionId
from api.services import ServicesOf
from queries.export import generations as list_generations
from queries.export import opened
from queries.facts import generation_facts
from queries.freshness import wait_for_archive
from queries.generations import Generation
from queries.verbatim import verbatim_line

router = APIRouter(prefix="/v1", tags=["transcripts"])

# What is sent at a time: lines are short, and each piece is a turn of the loop.
_PIECE_BYTES = 256 * 1024
MEDIA_TYPE = "application/x-ndjson"
# No browser shows it as a page of ours.
_LINE_MEDIA_TYPE = "application/octet-stream"
_LONGEST_WAIT_S = 15

Wait = Annotated[
    int,
    Query(
        ge=0,
        le=_LONGEST_WAIT_S,
        description="Seconds to wait until the archive has what the log has now; it is seconds behind it.",
    ),
]
Wanted = Annotated[
    str | None,
    Query(max_length=64, description="Number of a generation, or the beginning of its head; the current one."),
]


@router.get("/sessions/{session_id}/generations", response_model=models.Generations)
def generations(services: ServicesOf, session_id: SessionId, wait: Wait = 0, etag: IfNoneMatch = None) -> Response:
    """The generations of a session's transcript, from the archive."""
    if wait:
        wait_for_archive(services.settings, session_id, wait)
    found = [
        models.GenerationFacts(**generation_facts(each)) for each in list_generations(services.settings, session_id)
    ]
    return tagged(models.Generations(generations=found), etag)


@router.get(
    "/sessions/{session_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The transcript, byte for byte. The connection breaks off where the archive is damaged.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def export(
    services: ServicesOf, session_id: SessionId, generation: Wanted = None, wait: Wait = 0, etag: IfNoneMatch = None
) -> Response:
    """A transcript, byte for byte, each line proven by the hash chain before it is sent; from the archive alone."""
    if wait:
        wait_for_archive(services.settings, session_id, wait)
    with ExitStack() as stack:
        chosen, lines = stack.enter_context(opened(services.settings, session_id, generation))
        headers = _headers(session_id, chosen)
        if matches(headers["ETag"], etag):
            return Response(status_code=304, headers=headers)
        pieces = _pieces(stack.pop_all(), lines)
    # What is wrong with the first lines is told as a problem, not by a torn answer.
    first = next(pieces, b"")
    headers["Content-Length"] = str(chosen.size)
    return StreamingResponse(chain([first], pieces), media_type=MEDIA_TYPE, headers=headers)


@router.get(
    "/sessions/{session_id}/lines/{event_id}",
    response_class=Response,
    responses={
        200: {
            "description": "The line, its end included.",
            "content": {_LINE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def line(
    services: ServicesOf, session_id: SessionId, event_id: UUID, wait: Wait = 0, etag: IfNoneMatch = None
) -> Response:
    """One line of a transcript, byte for byte, proven by its chain; from the archive alone."""
    if wait:
        wait_for_archive(services.settings, session_id, wait)
    # What an event says never changes.
    headers = {"ETag": f'"{event_id}"', "Cache-Control": "private, no-cache"}
    content = verbatim_line(services.settings, session_id, str(event_id))
    if matches(headers["ETag"], etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_LINE_MEDIA_TYPE, headers=headers)


def _headers(session_id: str, generation: Generation) -> dict[str, str]:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", session_id)
    digest = generation.sha256
    # Where nobody stated the file's digest, its head proves the bytes as well.
    headers = {
        "ETag": f'"{digest.hex() if digest else "chain-" + generation.chain.hex()}"',
        "Content-Disposition": f'attachment; filename="{name}.jsonl"',
        "Cache-Control": "private, no-cache",
    }
    if digest:
        headers["Repr-Digest"] = f"sha-256=:{b64encode(digest).decode()}:"
    return headers


def _pieces(stack: ExitStack, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines in larger pieces; lets go of the archive at the end, also of a reader who leaves."""
    with stack:
        held, size = [], 0
        for line in lines:
            held.append(line)
            size += len(line)
            if size >= _PIECE_BYTES:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
