"""Events too large for the topic: the line goes to the object store, the event keeps a reference (claim check).

Source of the pattern: https://www.enterpriseintegrationpatterns.com/patterns/messaging/StoreInLibrary.html
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote

from minio.error import MinioException
from urllib3.exceptions import HTTPError

from schemas.records import Payload, Reference, SessionEvent
from sessiontrack.errors import TransientError
from sessiontrack.s3 import s3_client
from sessiontrack.settings import S3Settings

PREFIX = "claims/"
# S3 bounds a key at 1,024 bytes; this leaves room for the rest of it.
_MAX_KEY_PART = 512
# Fields outside the payload that repeat text of the line.
_STATED_FIELDS = ("entry_type", "entry_id", "parent_entry_id")
# The symbols of the schema's enums are shorter: they are never cut.
SHORTEST_CUT = 16


def claim_key(session_id: str, digest: bytes) -> str:
    """Object key of a line: `claims/<session_id>/<sha256>`.

    Args:
        session_id: Whatever the transcript states; percent-encoded, so that it is one part of a path.
        digest: SHA-256 of the line.
    """
    part = quote(session_id, safe="", errors="replace")
    if part in {"", ".", ".."} or len(part) > _MAX_KEY_PART:
        part = "sha256-" + sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{PREFIX}{part}/{digest.hex()}"


def with_reference(event: SessionEvent) -> tuple[SessionEvent, bytes]:
    """The event with a reference in place of its line, and the line.

    Args:
        event: An event whose payload has its line.
    """
    payload = event["payload"]
    assert payload is not None
    raw = payload["raw"]
    assert raw is not None
    digest = sha256(raw).digest()
    reference: Reference = {"key": claim_key(event["session_id"], digest), "bytes": len(raw), "sha256": digest}
    small: Payload = {**payload, "raw": None, "reference": reference}
    return {**event, "payload": small}, raw


def cut(event: SessionEvent, limit: int) -> SessionEvent:
    """The event with every text cut to `limit` characters and every list to `limit` items, flagged as truncated.

    Args:
        event: An event whose line is elsewhere.
        limit: At least `SHORTEST_CUT`.
    """
    payload = event["payload"]
    assert payload is not None
    kept = ("raw", "reference", "truncated")
    short = {name: value if name in kept else _cut(value, limit) for name, value in payload.items()}
    stated = {name: _cut(event[name], limit) for name in _STATED_FIELDS}  # type: ignore[literal-required]
    return cast(SessionEvent, {**event, **stated, "payload": {**short, "truncated": True}})


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, list):
        return [_cut(item, limit) for item in value[:limit]]
    if isinstance(value, dict):
        return {name: _cut(item, limit) for name, item in value.items()}
    return value


class LineRefusedError(TransientError):
    """The object store does not take a line: what comes behind it in its session has to wait, nothing else has to."""


class ClaimStore:
    """Where large lines are kept.

    Raises:
        UnavailableError: No object store is named that could take them.
    """

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client = s3_client(settings)

    async def put(self, key: str, raw: bytes) -> None:
        """Keeps a line; keeping it again changes nothing.

        Raises:
            LineRefusedError: The object store does not take it.
        """
        try:
            await asyncio.to_thread(self._client.put_object, self._settings.bucket, key, BytesIO(raw), len(raw))
        except (MinioException, HTTPError, OSError) as error:
            raise LineRefusedError(
                f"the object store at {self._settings.endpoint} did not take a line of {len(raw):,} bytes: "
                f"{type(error).__name__}",
                hint="`sessiontrack status` shows whether it runs.",
            ) from error
