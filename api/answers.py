"""Answers with an entity tag: who has read one already is told that it has not changed, and spared the bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="if-none-match",
        description="ETags of answers that are there already; 304 where one of them is still right.",
    ),
]
# Of SHA-256: no two answers have the same by chance.
_TAG_CHARACTERS = 32


def tagged(answer: BaseModel, if_none_match: str | None) -> Response:
    """An answer as JSON, or that it has not changed.

    Args:
        answer: What is answered.
        if_none_match: The request's header.
    """
    body = answer.model_dump_json().encode()
    # Weak: equal in meaning. What proxies do with the bytes is theirs.
    tag = f'W/"{sha256(body).hexdigest()[:_TAG_CHARACTERS]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if matches(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def matches(tag: str, if_none_match: str | None) -> bool:
    """Whether a tag is among those of an If-None-Match, which compares weakly (RFC 9110, section 13.1.2)."""
    stated = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag.removeprefix("W/") in stated or stated == ["*"]
