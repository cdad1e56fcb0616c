"""What a database says of sessions: chat, channel, title, parent, and which session took another's place.

As with `sessions.json` (see `producers.clawdbot.context`) it tells the present: its facts are INFERRED, and only what
does not change by itself is taken. `session_nodes` has an entry for each session key, `session_windows` one for each
session, also for those that a key had before.
"""

from __future__ import annotations

from typing import Any

from producers.clawdbot.context import SessionFacts, session_facts
from producers.clawdbot.database_snapshot import Snapshot
from producers.clawdbot.fields import mapping, storable, text
from sessiontrack.identity import parse_json

_NODE_COLUMNS = (
    "session_key",
    "current_session_id",
    "entry_json",
    "parent_session_key",
    "spawned_by",
    "fork_source_session_id",
    "label",
    "display_name",
)
_WINDOW_COLUMNS = (
    "session_id",
    "session_key",
    "previous_session_id",
    "reason",
    "created_at",
    "chat_type",
    "channel",
    "parent_session_key",
    "spawned_by",
    "display_name",
)
# Of an entry of many kilobytes what the facts are made of.
_FIELDS = (
    "sessionStartedAt",
    "spawnedBy",
    "forkSource",
    "parentSessionId",
    "deliveryContext",
    "channel",
    "lastChannel",
    "route",
    "origin",
    "label",
    "displayName",
    "subject",
    "groupChannel",
    "chatType",
)
# The session before it ended so. After a fork, a switch or a compaction it may go on.
_RESETS = frozenset({"reset", "rollover"})


class DatabaseContext:
    """The facts of one database."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}
        self._windows: dict[str, dict[str, Any]] = {}
        self._key_of: dict[str, str] = {}
        self._reset_at: dict[str, int] = {}
        self._updated_at: dict[tuple[str, str], int] = {}
        self._newest = {"session_nodes": 0, "session_windows": 0}

    def refresh(self, snapshot: Snapshot, *, thorough: bool) -> set[str]:
        """Reads again what changed.

        Args:
            snapshot: How the database is now.
            thorough: Do not rely on the clock that the changes are stamped with.

        Returns:
            The sessions of which something changed.
        """
        changed: set[str] = set()
        for session_id in self._changed(snapshot, "session_windows", "session_id", thorough):
            for row in snapshot.values("session_windows", _WINDOW_COLUMNS, "session_id = ?", session_id):
                changed |= self._take_window(storable(row))
        for key in self._changed(snapshot, "session_nodes", "session_key", thorough):
            for row in snapshot.values("session_nodes", _NODE_COLUMNS, "session_key = ?", key):
                changed.add(self._take_node(storable(row)))
        return changed

    def facts(self, session_id: str) -> list[SessionFacts]:
        """What is known of a session."""
        window = self._windows.get(session_id, {})
        key = self._key_of.get(session_id) or window.get("session_key")
        if not key:
            return []
        current = self._entries.get(key, {})
        entry = window | (current if current.get("sessionId") == session_id else {}) | {"sessionId": session_id}
        found = session_facts(key, entry, self._entries)
        return [found] if found else []

    def reset_at(self, session_id: str) -> int | None:
        """When another session took a session's place, epoch milliseconds; None where none did."""
        return self._reset_at.get(session_id)

    def _changed(self, snapshot: Snapshot, table: str, key: str, thorough: bool) -> list[str]:
        since = 0 if thorough else self._newest[table]
        found = [row for row in snapshot.values(table, (key, "updated_at"), "updated_at >= ?", since) if row[key]]
        self._newest[table] = max([self._newest[table], *(row["updated_at"] for row in found)])
        changed = [row for row in found if self._updated_at.get((table, row[key])) != row["updated_at"]]
        self._updated_at.update(((table, row[key]), row["updated_at"]) for row in changed)
        return [row[key] for row in changed]

    def _take_node(self, row: dict[str, Any]) -> str:
        try:
            stated = mapping(parse_json((row["entry_json"] or "").encode()))
        except (ValueError, RecursionError):
            stated = {}
        columns = {
            "label": row["label"],
            "displayName": row["display_name"],
            "spawnedBy": row["spawned_by"],
            "forkSource": row["fork_source_session_id"] and {"sessionId": row["fork_source_session_id"]},
        }
        entry = {name: stated[name] for name in _FIELDS if name in stated}
        entry |= {name: value for name, value in columns.items() if value and not entry.get(name)}
        session_id = text(row["current_session_id"]) or ""
        self._entries[row["session_key"]] = entry | {"sessionId": session_id}
        self._key_of[session_id] = row["session_key"]
        return session_id

    def _take_window(self, row: dict[str, Any]) -> set[str]:
        entry = {
            "session_key": row["session_key"],
            "chatType": row["chat_type"],
            "channel": row["channel"],
            "displayName": row["display_name"],
            "spawnedBy": row["spawned_by"],
        }
        self._windows[row["session_id"]] = {name: value for name, value in entry.items() if value}
        previous = row["previous_session_id"]
        if previous and row["reason"] in _RESETS and previous != row["session_id"]:
            self._reset_at[previous] = row["created_at"]
            return {row["session_id"], previous}
        return {row["session_id"]}
