"""Errors as problem details: what went wrong, where, and what to do next.

Source: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sessiontrack.errors import (
    NotFoundError,
    SessionTrackError,
    TransientError,
    UnavailableError,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
# Servers that are away come back within seconds where something restarts them.
RETRY_AFTER_S = 2
# Of a request with many mistakes, enough to see what kind they are.
_MOST_MISTAKES = 20


class Mistake(BaseModel):
    """One thing that is wrong in a request."""

    where: str = Field(description="Which part of the request, such as `query.limit`.", examples=["query.limit"])
    what: str = Field(description="What is wrong with it.", examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    type: str = Field(description="The kind of problem.", examples=["urn:sessiontrack:problem:not-found"])
    title: str = Field(description="The kind of problem, for people.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What went wrong.", examples=["there is no session '0b5e1d9c'"])
    hint: str | None = Field(None, description="What to do next.", examples=["/v1/sessions lists them."])
    mistakes: list[Mistake] | None = Field(None, description="What is wrong in the request, part by part.")


def problem(
    status: int,
    detail: str,
    *,
    hint: str | None = None,
    mistakes: Sequence[Mistake] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of a problem."""
    return Response(
        describe(status, detail, hint=hint, mistakes=mistakes).model_dump_json(exclude_none=True),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def describe(status: int, detail: str, *, hint: str | None = None, mistakes: Sequence[Mistake] = ()) -> Problem:
    """A problem of the kind that a status tells of."""
    title = HTTPStatus(status).phrase
    kind = title.lower().replace(" ", "-")
    return Problem(
        type=f"urn:sessiontrack:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        mistakes=list(mistakes) or None,
    )


def of_error(error: SessionTrackError) -> Problem:
    """The problem that one of our errors is."""
    return describe(_status(error), str(error), hint=error.hint)


def of_validation(errors: Sequence[Any]) -> Problem:
    """The problem of a request that is not of the shape that is asked for; what it holds is not repeated."""
    mistakes = [Mistake(where=".".join(map(str, each["loc"])), what=each["msg"]) for each in errors[:_MOST_MISTAKES]]
    hint = "/v1/openapi.json tells what is asked for."
    return describe(422, f"{len(errors)} mistakes in the request", hint=hint, mistakes=mistakes)


def answer(told: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells of a problem that was described before."""
    given = dict(headers or {})
    if told.status == HTTPStatus.SERVICE_UNAVAILABLE:
        given.setdefault("Retry-After", str(RETRY_AFTER_S))
    return problem(told.status, told.detail, hint=told.hint, mistakes=told.mistakes or (), headers=given)


def tell_of_problems(app: FastAPI) -> None:
    """Makes every error of an app a problem."""

    @app.exception_handler(SessionTrackError)
    async def _ours(_: Request, error: SessionTrackError) -> Response:
        return answer(of_error(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        return answer(of_validation(error.errors()))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return answer(_of_http(request, error), error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> Response:
        hint = "The log of `sessiontrack serve` says more; please report it."
        return problem(500, "something unexpected went wrong", hint=hint)


def _status(error: SessionTrackError) -> int:
    match error:
        case NotFoundError():
            return HTTPStatus.NOT_FOUND
        case UsageError():
            return HTTPStatus.BAD_REQUEST
        case UnavailableError() | TransientError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def _of_http(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return describe(404, "there is nothing at this address", hint="/v1/openapi.json lists what there is.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "another method")
            return describe(405, f"{request.method} is not possible here", hint=f"Use {allowed}.")
        case status:
            return describe(status, error.detail)
