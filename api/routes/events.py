"""Takes events from any program."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from api.problems import of_error, of_validation
from api.sending import Batch, Receipts, receipts_of
from api.services import Services, ServicesOf
from sessiontrack.errors import SessionTrackError, TransientError, UnavailableError

router = APIRouter(prefix="/v1", tags=["events"])

# Batches that wait for the log at the same time: more would only wait in memory.
_MOST_BATCHES = 8
_GOING_AWAY = 1001
_TRY_AGAIN_LATER = 1013


@router.post(
    "/events",
    response_model=Receipts,
    responses={207: {"model": Receipts, "description": "Some were refused: the receipts say which, and why."}},
)
async def send(services: ServicesOf, batch: Batch) -> Response:
    """Takes a batch of events, and answers when each is accepted or refused.

    Sent again, they are the same events: readers of the log drop repeats. 503 means that neither the log nor the disk
    takes more: send the whole batch again later.
    """
    receipts = await _publish(services, batch)
    return Response(receipts.model_dump_json(), receipts.status, media_type="application/json")


@router.websocket("/events")
async def connect(socket: WebSocket, services: ServicesOf) -> None:
    """Takes a batch a frame, and answers each with a frame of receipts or a problem."""
    try:
        with services.stream():
            await socket.accept()
            await _converse(socket, services)
    except TransientError as error:
        await socket.close(_TRY_AGAIN_LATER, str(error))
    except WebSocketDisconnect:
        return


async def _converse(socket: WebSocket, services: Services) -> None:
    closing = asyncio.create_task(services.closing.wait())
    try:
        while True:
            receiving = asyncio.create_task(_frame(socket))
            await asyncio.wait([receiving, closing], return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                receiving.cancel()
                await socket.close(_GOING_AWAY, "the server ends")
                return
            await socket.send_text(await _answer(services, receiving.result()))
    finally:
        closing.cancel()


async def _frame(socket: WebSocket) -> str:
    """The text of the next frame; one that is called binary may be text too."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    return text if text is not None else message["bytes"].decode("utf-8", "replace")


async def _answer(services: Services, frame: str) -> str:
    try:
        return (await _publish(services, Batch.model_validate_json(frame))).model_dump_json()
    except ValidationError as error:
        return of_validation(error.errors()).model_dump_json(exclude_none=True)
    except SessionTrackError as error:
        return of_error(error).model_dump_json(exclude_none=True)


async def _publish(services: Services, batch: Batch) -> Receipts:
    if services.gateway is None:
        raise UnavailableError("the API has not started yet")
    if services.batches >= _MOST_BATCHES:
        raise TransientError(f"{services.batches} batches wait for the log", hint="Send the batch again in a moment.")
    services.batches += 1
    try:
        return receipts_of(await services.gateway.publish(batch.sent()))
    finally:
        services.batches -= 1
