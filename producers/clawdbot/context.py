"""What `sessions.json` says of sessions: chat, channel, title, parent.

The file is rewritten all the time and tells the present, not the time of the messages, so its facts are INFERRED, and
only what does not change by itself is taken: reading it again gives equal facts.

The channel: a key such as `agent:main:discord:channel:42` names the chat's own channel and goes first, even where a
message came in through the web chat. Else it is where replies are delivered, else what the entry states, in the order
of `_CHANNEL_FIELDS`. A heartbeat overwrites those fields, hence `_NOT_A_CHANNEL`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from producers.clawdbot.fields import UNSTORABLE_ESCAPE, integer, mapping, storable, text
from producers.clawdbot.session_ids import session_id
from schemas.records import Context
from sessiontrack.errors import TerminalError
from sessiontrack.identity import parse_json

FILE_NAME = "sessions.json"

_CHAT_TYPES = {"dm": "direct", "direct": "direct", "group": "group", "channel": "channel"}
_CHANNEL_FIELDS = (
    ("deliveryContext", "channel"),
    ("channel",),
    ("lastChannel",),
    ("route", "channel"),
    ("origin", "provider"),
)
_NOT_A_CHANNEL = frozenset({"", "cron", "cron-event", "exec-event", "heartbeat", "internal", "last", "none", "unknown"})
_TITLE_FIELDS = ("label", "displayName", "subject", "groupChannel")


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is known of one session.

    Attributes:
        session_id: The session.
        agent_id: Its agent, by its key.
        context: The facts.
    """

    session_id: str
    agent_id: str | None
    context: Context


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A session key, taken apart.

    Attributes:
        agent_id: The agent; None in keys older than agents.
        channel: The chat's channel; None for what is no chat of a channel (main, cron, subagent, …).
        chat_type: direct, group or channel.
    """

    agent_id: str | None
    channel: str | None
    chat_type: str | None


def parse_sessions(data: bytes) -> list[SessionFacts]:
    """The facts of every session in a `sessions.json`, ordered by key.

    Raises:
        TerminalError: It is not a JSON object.
    """
    try:
        entries = parse_json(data)
        if UNSTORABLE_ESCAPE.search(data):
            entries = storable(entries)
    except (ValueError, RecursionError) as error:
        raise TerminalError(f"{FILE_NAME} is not JSON: {type(error).__name__}") from error
    if not isinstance(entries, dict):
        raise TerminalError(f"{FILE_NAME} holds no JSON object")
    facts = (session_facts(key, mapping(entry), entries) for key, entry in sorted(entries.items()))
    return [found for found in facts if found is not None]


def parse_session_key(key: str) -> SessionKey:
    """Takes `[agent:<agent>:][<channel>:[<account>:]]<dm|direct|group|channel>:…` apart."""
    parts = key.split(":")
    agent_id = None
    if parts[0] == "agent" and len(parts) > 2:
        agent_id, parts = parts[1] or None, parts[2:]
    for place, part in enumerate(parts[:3]):
        if part in _CHAT_TYPES:
            return SessionKey(agent_id, (parts[0].lower() or None) if place else None, _CHAT_TYPES[part])
    return SessionKey(agent_id, None, None)


def session_facts(key: str, entry: dict[str, Any], entries: dict[str, Any]) -> SessionFacts | None:
    """The facts of one entry.

    Args:
        key: Its session key.
        entry: The entry.
        entries: All of them, by key: the parent is one of them.

    Returns:
        The facts; None where the entry names no session.
    """
    stated = text(entry.get("sessionId"))
    if not stated:
        return None
    parsed = parse_session_key(key)
    parent_id, relation = _parent(entry, entries)
    return SessionFacts(
        session_id=session_id(stated),
        agent_id=parsed.agent_id,
        context={
            "session_key": key,
            "channel": parsed.channel or _delivery_channel(entry),
            "chat_type": parsed.chat_type or text(entry.get("chatType")),
            "display_name": next((title for field in _TITLE_FIELDS if (title := text(entry.get(field)))), None),
            "parent_session_id": parent_id,
            "parent_relation": relation,
            "provenance": "INFERRED",
        },
    )


def _delivery_channel(entry: dict[str, Any]) -> str | None:
    for path in _CHANNEL_FIELDS:
        value: Any = entry
        for field in path:
            value = mapping(value).get(field)
        channel = (text(value) or "").lower()
        if channel not in _NOT_A_CHANNEL:
            return channel
    return None


def _parent(entry: dict[str, Any], entries: dict[str, Any]) -> tuple[str | None, str | None]:
    """The parent's session id and the relation.

    A fork of the JSONL versions is left to the header of its transcript: its parent's key may name a newer session.
    """
    fork = text(mapping(entry.get("forkSource")).get("sessionId"))
    if fork:
        return fork, "fork"
    parent = mapping(entries.get(text(entry.get("spawnedBy")) or ""))
    stated = text(entry.get("parentSessionId"))
    if parent and stated:
        return stated, "subagent"
    parent_id = text(parent.get("sessionId"))
    if parent_id is None or _began(parent) > _began(entry) > 0:
        return None, None
    return parent_id, "subagent"


def _began(entry: dict[str, Any]) -> int:
    return integer(entry.get("sessionStartedAt")) or 0
