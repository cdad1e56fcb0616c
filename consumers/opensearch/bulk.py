"""The bulk API, pure: which operations a batch comes to, and what an answer means.

Source: https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from consumers.opensearch.documents import Document, dataset_of, document
from consumers.sink import Received
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError
from sessiontrack.settings import OpenSearchSettings

# OpenSearch indexes a request on one core, so a batch is worth several; each is still many times its overhead.
MOST_BYTES = 1024 * 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_FIELD = re.compile(r"field \[([\w.-]{1,64})\]")
# A refused record is set aside for good, so only what blames the record itself counts: wrong credentials, a missing
# index or a full disk would refuse every record.
_BLAMES_THE_RECORD = frozenset({400, 413})


def operations(batch: Iterable[Received], target: OpenSearchSettings) -> list[bytes]:
    """The operations of a batch, those of one document together, framed as lines of the bulk API.

    Of several versions of a document the highest is sent. A tombstone has no version, so it is a plain deletion: all
    records of an id stand in one partition, and the last of them in the order of the log has the last word, also when
    the batch comes again.

    Args:
        batch: In the order of each partition.
        target: Gives the names of the aliases.
    """
    newest: dict[tuple[str, str], Document | None] = {}
    deleted: set[tuple[str, str]] = set()
    for received in batch:
        topic = received.partition.topic
        if received.record is None:
            key = (dataset_of(topic), received.key.decode("utf-8", "replace"))
            newest[key] = None
            deleted.add(key)
            continue
        candidate = document(topic, received.record)
        key = (candidate.dataset, candidate.id)
        known = newest.get(key)
        if known is None or candidate.version > known.version:
            newest[key] = candidate
    return [b"".join(_lines(key, found, key in deleted, target)) for key, found in newest.items()]


def chunks(framed: Iterable[bytes], most_bytes: int = MOST_BYTES) -> Iterator[bytes]:
    """Bodies of bulk requests, each within the bound where no single operation exceeds it."""
    chunk: list[bytes] = []
    size = 0
    for operation in framed:
        if chunk and size + len(operation) > most_bytes:
            yield b"".join(chunk)
            chunk, size = [], 0
        chunk.append(operation)
        size += len(operation)
    if chunk:
        yield b"".join(chunk)


def check(response: Mapping[str, Any]) -> None:
    """Reads the answer to a bulk request.

    A version that is there already (409) and a deletion of what is not there (404) are successes.

    Raises:
        TransientError: OpenSearch is overloaded, or the index can't be written now.
        TerminalError: A record does not fit the index; named is the first.
    """
    if not response["errors"]:
        return
    failures = [failure for item in response["items"] if (failure := _failure(item))]
    for failure in failures:
        if isinstance(failure, TransientError):
            raise failure
    if failures:
        raise failures[0]


def blames_the_record(status: int) -> bool:
    """Whether an HTTP status says that a record is at fault, and not the server or our settings."""
    return status in _BLAMES_THE_RECORD


def _lines(
    key: tuple[str, str], found: Document | None, delete_first: bool, target: OpenSearchSettings
) -> Iterator[bytes]:
    dataset, record_id = key
    address = {"_index": target.alias(dataset), "_id": record_id}
    if delete_first:
        yield _line({"delete": address})
    if found:
        yield _line({"index": {**address, "version": found.version, "version_type": "external"}})
        yield _line(found.body)


def _line(value: Any) -> bytes:
    return f"{_encode(value)}\n".encode("utf-8", "replace")


def _failure(item: Mapping[str, Any]) -> SessionTrackError | None:
    ((action, result),) = item.items()
    error, status = result.get("error"), result["status"]
    if not error or status == 409:
        return None
    record = f"{result['_index']}/{result['_id']}"
    if blames_the_record(status):
        return TerminalError(f"OpenSearch refuses {record}: {_describe(error)}")
    return TransientError(f"OpenSearch can't {action} {record} now: {error['type']}")


def _describe(error: Mapping[str, Any]) -> str:
    """Types and field of an error: its reason may quote the text."""
    types: Sequence[str] = [each["type"] for each in (error, error.get("caused_by")) if each]
    field = _FIELD.search(error.get("reason") or "")
    return ", ".join(dict.fromkeys(types)) + (f" in field {field[1]}" if field else "")
