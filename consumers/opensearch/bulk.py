"""The bulk API, pure: which operation a record is, which a batch comes to, and what an answer means.

Source: https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from consumers.opensearch.documents import Document, dataset_of, document
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError
from sessiontrack.settings import OpenSearchSettings

# OpenSearch indexes a request on one core, so a batch is worth several; each is still many times its overhead.
MOST_BYTES = 1024 * 1024
_FEWEST_BYTES = 64 * 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
# Of the block that OpenSearch lays on an index, and lifts by itself when there is room again.
_FLOOD = "flood-stage watermark"
_FIELD = re.compile(r"field \[([\w.-]{1,64})\]")
# A refused record is set aside for good, so only what blames the record itself counts: wrong credentials, a missing
# index or a full disk would refuse every record.
_BLAMES_THE_RECORD = frozenset({400, 413})


class Operation(NamedTuple):
    """What a record is to the store.

    Attributes:
        dataset: The dataset of its document.
        id: Id of the document.
        version: Its version; None for a tombstone.
        lines: The operation, framed as lines of the bulk API.
    """

    dataset: str
    id: str
    version: int | None
    lines: bytes


def operation(
    topic: str, key: bytes, record: Any, target: OpenSearchSettings, *, replace_equal: bool = False
) -> Operation:
    """The operation of a record.

    A tombstone has no version, so it is a plain deletion: all records of an id stand in one partition, and the last of
    them in the order of the log has the last word, also when the batch comes again.

    Args:
        topic: Name of its topic.
        key: Its key.
        record: Its value; None is a tombstone.
        target: Gives the names of the aliases.
        replace_equal: Whether it also replaces a document of its own version: a repair.
    """
    if record is None:
        return removal(dataset_of(topic), key, target)
    return storing(document(topic, record), target, replace_equal=replace_equal)


def storing(found: Document, target: OpenSearchSettings, *, replace_equal: bool = False) -> Operation:
    """The operation that stores a document, as `operation` does."""
    address = {"_index": target.alias(found.dataset), "_id": found.id}
    version_type = "external_gte" if replace_equal else "external"
    action = {"index": {**address, "version": found.version, "version_type": version_type}}
    return Operation(found.dataset, found.id, found.version, _line(action) + _line(found.body))


def removal(dataset: str, key: bytes, target: OpenSearchSettings) -> Operation:
    """The operation of a tombstone."""
    removed = key.decode("utf-8", "replace")
    return Operation(dataset, removed, None, _line({"delete": {"_index": target.alias(dataset), "_id": removed}}))


def combined(operations: Iterable[Operation]) -> list[bytes]:
    """The operations of a batch, those of one document together; of several versions the highest is sent.

    Args:
        operations: In the order of each partition.
    """
    newest: dict[tuple[str, str], Operation] = {}
    deletions: dict[tuple[str, str], bytes] = {}
    for each in operations:
        key = (each.dataset, each.id)
        known = newest.get(key)
        if each.version is None:
            deletions[key] = each.lines
            newest[key] = each
        elif known is None or known.version is None or each.version > known.version:
            newest[key] = each
    return [
        deletions[key] + each.lines if each.version is not None and key in deletions else each.lines
        for key, each in newest.items()
    ]


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


def even_bytes(framed: Sequence[bytes], at_once: int) -> int:
    """A bound for `chunks` under which so many requests at a time end together, where one each is worth it.

    Args:
        framed: The operations.
        at_once: Requests at a time.
    """
    size = sum(map(len, framed))
    requests = at_once * -(-size // (at_once * MOST_BYTES))
    # Filled up to the bound, a chunk is less than an operation short of it: else the last one would be left over.
    return max(_FEWEST_BYTES, -(-size // requests) + max(map(len, framed))) if framed else MOST_BYTES


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


def _line(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate
        return f"{_encode(value)}\n".encode("utf-8", "replace")


def _failure(item: Mapping[str, Any]) -> SessionTrackError | None:
    ((action, result),) = item.items()
    error, status = result.get("error"), result["status"]
    if not error or status == 409:
        return None
    record = f"{result['_index']}/{result['_id']}"
    if blames_the_record(status):
        return TerminalError(f"OpenSearch refuses {record}: {_describe(error)}")
    disk = ", its disk is nearly full" if _FLOOD in (error.get("reason") or "") else ""
    return TransientError(f"OpenSearch can't {action} {record} now: {error['type']}{disk}")


def _describe(error: Mapping[str, Any]) -> str:
    """Types and field of an error: its reason may quote the text."""
    types: Sequence[str] = [each["type"] for each in (error, error.get("caused_by")) if each]
    field = _FIELD.search(error.get("reason") or "")
    return ", ".join(dict.fromkeys(types)) + (f" in field {field[1]}" if field else "")
