"""What the `sessions.json` files say, read again when they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import structlog

from producers.clawdbot.checkpoints import Stamp
from producers.clawdbot.context import FILE_NAME, SessionFacts, parse_sessions
from sessiontrack.errors import TerminalError

_NS_PER_MS = 1_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeyMoved:
    """A session key was given a new session: the old one was reset.

    Attributes:
        session_id: The old session.
        at: When the file said so, epoch milliseconds.
    """

    session_id: str
    at: int


@dataclass(frozen=True, slots=True)
class StoreChanges:
    """What is new in a file.

    Attributes:
        sessions: Sessions of which something else is known than before.
        moved: Keys that were given a new session.
    """

    sessions: frozenset[str] = frozenset()
    moved: tuple[KeyMoved, ...] = ()


@dataclass(slots=True)
class _Store:
    stamp: Stamp
    facts: dict[str, list[SessionFacts]] = field(default_factory=dict)
    session_of_key: dict[str, str] = field(default_factory=dict)


class SessionStores:
    """The `sessions.json` of every folder."""

    def __init__(self) -> None:
        self._stores: dict[Path, _Store] = {}

    def facts(self, folder: Path, session_id: str) -> list[SessionFacts]:
        """What is known of a session whose transcript is in a folder; call `refresh` first."""
        store = self._stores.get(folder)
        return store.facts.get(session_id, []) if store else []

    def refresh(self, folder: Path) -> StoreChanges:
        """Reads a folder's file again if it changed.

        Returns:
            What is new since it was read before. A file that is missing or broken changes nothing.
        """
        path = folder / FILE_NAME
        before = self._stores.get(folder)
        try:
            stamp = Stamp.of(path.stat())
            if before is not None and before.stamp == stamp:
                return StoreChanges()
            found = parse_sessions(path.read_bytes())
        except FileNotFoundError:
            return StoreChanges()
        except (OSError, TerminalError) as error:
            log.warning("sessions.json can't be read, its facts stay as they were", path=str(path), error=str(error))
            return StoreChanges()
        store = _Store(stamp)
        for facts in found:
            store.facts.setdefault(facts.session_id, []).append(facts)
            if facts.context["session_key"]:
                store.session_of_key[facts.context["session_key"]] = facts.session_id
        self._stores[folder] = store
        return _changes(before or _Store(stamp), store)


def _changes(before: _Store, after: _Store) -> StoreChanges:
    at = after.stamp.modified_ns // _NS_PER_MS
    changed = frozenset(
        session_id for session_id, facts in after.facts.items() if before.facts.get(session_id) != facts
    )
    moved = tuple(
        KeyMoved(session_id, at)
        for key, session_id in before.session_of_key.items()
        if after.session_of_key.get(key, session_id) != session_id and session_id not in after.facts
    )
    return StoreChanges(changed, moved)
