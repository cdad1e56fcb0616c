"""Migrates a transcript of v1 or v2 to v3 as the assistant does when it opens one: the whole file is written again.

Source: `loadEntriesFromFile`, `migrateV1ToV2`, `migrateV2ToV3` and `_rewriteFile` in
packages/coding-agent/src/core/session-manager.ts of pi-mono.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

Entry = dict[str, Any]


def migrated(data: bytes) -> bytes:
    """The file after the assistant opened it; unchanged where there is nothing to migrate."""
    entries = _entries(data)
    version = next((entry.get("version", 1) for entry in entries if entry.get("type") == "session"), 1)
    if version >= 3:
        return data
    if version < 2:
        _to_v2(entries)
    _to_v3(entries)
    return b"".join(_json(entry) + b"\n" for entry in entries)


def _entries(data: bytes) -> list[Entry]:
    """The lines that the assistant can parse; it leaves the others out."""
    entries = []
    for line in data.decode("utf-8", "replace").split("\n"):
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return [entry for entry in entries if isinstance(entry, dict)]


def _to_v2(entries: list[Entry]) -> None:
    parent = None
    ids = count(0xA0000000)
    for entry in entries:
        if entry["type"] == "session":
            entry["version"] = 2
            continue
        entry["id"] = f"{next(ids):08x}"
        entry["parentId"] = parent
        parent = entry["id"]
        if entry["type"] == "compaction" and "firstKeptEntryIndex" in entry:
            place = entry.pop("firstKeptEntryIndex")
            if place < len(entries) and "id" in entries[place] and entries[place]["type"] != "session":
                entry["firstKeptEntryId"] = entries[place]["id"]


def _to_v3(entries: list[Entry]) -> None:
    for entry in entries:
        if entry["type"] == "session":
            entry["version"] = 3
        elif entry["type"] == "message" and entry["message"]["role"] == "hookMessage":
            entry["message"]["role"] = "custom"


def _json(entry: Entry) -> bytes:
    """As JSON.stringify writes it: UTF-8, but for lone surrogates, and whole numbers without a fraction."""
    text = json.dumps(_numbers(entry), ensure_ascii=False, separators=(",", ":"))
    return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in text).encode()


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer():
        return int(float(value))
    return value
