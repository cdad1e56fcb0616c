"""Deterministic identities: equal things get equal ids, whoever captures them, whenever, from wherever.

An *occurrence* is a line at its place in one generation of a transcript: its chain covers all lines before it, as a git
commit covers its history. An *entry* is what the line says, in whatever generation it stands.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from hashlib import sha1, sha256
from typing import Any
from uuid import UUID

# UUIDv5(DNS, "sessiontrack"): makes our ids differ from any other UUIDv5 of the same name.
NAMESPACE = UUID("63bc531a-4e41-5444-9335-178ecb10b87a")
_NAMESPACE = NAMESPACE.bytes
# A hexadecimal digit with its upper bits 10: the variant of RFC 9562.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
# The chain before the first line.
GENESIS = bytes(32)
# Beyond this JavaScript, which writes the transcripts, does not tell integers apart.
_SAFE_INTEGER = 2**53
# A number of fewer characters is surely below it.
_SAFE_LENGTH = 16
# What a migration or a fork renumbers: no part of what an entry says.
_NUMBERING = ("id", "parentId")
_NUMBERING_PREFIX = "firstKept"
# The role of v1 and v2 that v3 calls by another name.
_HOOK_ROLE, _CUSTOM_ROLE = "hookMessage", "custom"


def uuid_of(*parts: str | bytes) -> str:
    """UUIDv5 (RFC 9562, section 5.5) of length-prefixed parts, so that no two lists of parts run together.

    Args:
        parts: Texts (as UTF-8, lone surrogates kept) or bytes.
    """
    name = _NAMESPACE
    for part in parts:
        name += _prefixed_text(part) if isinstance(part, str) else _prefixed(part)
    digest = sha1(name).hexdigest()  # noqa: S324  # what UUIDv5 is made of
    # Version and variant, written out here: `uuid.UUID` takes four times as long, for each record.
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


# Families, kinds and sessions come again and again.
@lru_cache(maxsize=1024)
def _prefixed_text(text: str) -> bytes:
    return _prefixed(text.encode("utf-8", "surrogatepass"))


def _prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def next_chain(previous: bytes, line: bytes) -> bytes:
    """SHA-256(previous, SHA-256(line)).

    Args:
        previous: Chain of the line before, `GENESIS` for the first.
        line: The line with its terminator, exactly as it stands.
    """
    return sha256(previous + sha256(line).digest()).digest()


def event_id(family: str, session_id: str, chain: bytes) -> str:
    """Id of an occurrence."""
    return uuid_of(family, session_id, chain)


def fact_id(family: str, session_id: str, kind: str, content: Any) -> str:
    """Id of a context, lifecycle or head event, which has no line: its kind and canonical content."""
    return uuid_of(family, session_id, kind, canonical_json(content))


def entry_key(line: dict[str, Any]) -> bytes:
    """SHA-256 of what an entry says: of its canonical JSON, less what a migration of its file changes.

    That is the numbering (`id`, `parentId`, `firstKeptEntryIndex` or `firstKeptEntryId`), the `version` of a header,
    and the role `hookMessage`, which v3 calls `custom`. All else, a header's older fields too, stays as it was.

    Source: migrateV1ToV2 and migrateV2ToV3 in packages/coding-agent/src/core/session-manager.ts of pi-mono.

    Args:
        line: The parsed line.
    """
    content = {
        name: value for name, value in line.items() if name not in _NUMBERING and not name.startswith(_NUMBERING_PREFIX)
    }
    kind, message = content.get("type"), content.get("message")
    if kind == "session":
        content.pop("version", None)
    elif kind == "message" and isinstance(message, dict) and message.get("role") == _HOOK_ROLE:
        content["message"] = message | {"role": _CUSTOM_ROLE}
    return sha256(canonical_json(content)).digest()


def message_id(family: str, session_id: str, key: bytes) -> str:
    """Id of a message: one for each (session_id, entry_key)."""
    return uuid_of(family, session_id, "message", key)


def tool_call_id(family: str, session_id: str, call_id: str, ordinal: int) -> str:
    """Id of a tool call: the provider's id is unique in a session but for some providers, hence the ordinal."""
    return uuid_of(family, session_id, "tool_call", call_id, str(ordinal))


def chunk_id(message: str, space: str, index: int) -> str:
    """Id of a chunk: one for each (message_id, space, place among the message's chunks)."""
    return uuid_of(message, "chunk", space, str(index))


def parse_json(text: bytes) -> Any:
    """Parses a JSON text as JavaScript would, so that what it rewrites keeps its identity: 1.0 is 1, NaN is no JSON.

    Raises:
        ValueError: It is not UTF-8, or not JSON.
        RecursionError: It is nested too deep.
    """
    return _DECODER.decode(text.decode("utf-8"))


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, ASCII only."""
    return _CANONICAL.encode(value).encode("ascii")


def _number(text: str) -> int | float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number beyond the range of a double")
    if number.is_integer() and abs(number) < _SAFE_INTEGER:
        return int(number)
    return number


def _integer(text: str) -> int | float:
    return int(text) if len(text) < _SAFE_LENGTH else _number(text)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=_no_constant)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
