"""Entries of ``sessions.json``, with the field order of each brand; the two big blobs are kept small."""

from __future__ import annotations

from bench.corpus.javascript import Json
from bench.corpus.models import CONTEXT_WINDOW
from bench.corpus.transcript import Transcript

Entry = dict[str, Json]


def entry(transcript: Transcript, family: list[str], parent_key: str | None = None) -> Entry:
    """The entry under which a session is current.

    Args:
        transcript: The session.
        family: The ids of all sessions that this key has had, this one last.
        parent_key: The key of the session that it was forked from.
    """
    facts = transcript.facts
    if facts.spawned_by:
        return _sub_agent(transcript)
    if transcript.chat is None or not facts.channel:
        return _cron(transcript)
    if transcript.dialect.brand == "clawdbot":
        return _clawdbot(transcript)
    return _openclaw(transcript, family, parent_key)


def _clawdbot(transcript: Transcript) -> Entry:
    facts, chat = transcript.facts, transcript.chat
    assert chat is not None
    line: Entry = {
        "sessionId": facts.session_id,
        "updatedAt": facts.last_activity_at,
        "systemSent": True,
        "abortedLastRun": False,
        "chatType": chat.kind,
        "deliveryContext": _delivery(transcript),
        "lastChannel": chat.channel,
        "origin": chat.origin("clawdbot"),
        "sessionFile": transcript.path,
        "compactionCount": facts.compactions,
        "skillsSnapshot": _skills(),
    }
    return line | _tokens(transcript) | _model(transcript) | _route(transcript)


def _openclaw(transcript: Transcript, family: list[str], parent_key: str | None) -> Entry:
    facts, chat = transcript.facts, transcript.chat
    assert chat is not None
    line: Entry = {
        "sessionId": facts.session_id,
        "sessionFile": transcript.path,
        "updatedAt": facts.last_activity_at,
        "systemSent": True,
        "abortedLastRun": False,
        "chatType": chat.kind,
        "model": transcript.model.model_id,
        "modelProvider": transcript.model.provider,
        "compactionCount": facts.compactions,
        "origin": chat.origin("openclaw"),
        "deliveryContext": _delivery(transcript),
        "lastChannel": chat.channel,
        "route": {"channel": chat.channel},
        "sessionStartedAt": facts.started_at,
        "lastInteractionAt": facts.last_activity_at,
        "skillsSnapshot": _skills(),
        "status": "done",
        "contextTokens": CONTEXT_WINDOW,
        "cacheRead": facts.tokens["cache_read"],
        "cacheWrite": facts.tokens["cache_write"],
        "estimatedCostUsd": facts.cost_usd,
        "usageFamilyKey": facts.session_key,
        "usageFamilySessionIds": list[Json](family),
    }
    if parent_key:
        line |= {"parentSessionKey": parent_key, "forkedFromParent": True, "totalTokensFresh": False}
    return line | _route(transcript)


def _sub_agent(transcript: Transcript) -> Entry:
    facts = transcript.facts
    line: Entry = {"sessionId": facts.session_id, "updatedAt": facts.last_activity_at}
    if facts.channel:
        line |= {"deliveryContext": {"channel": facts.channel}, "lastChannel": facts.channel}
    line |= {"label": facts.scenarios[0], "spawnedBy": facts.spawned_by}
    return line | _model(transcript) | _tokens(transcript)


def _cron(transcript: Transcript) -> Entry:
    facts = transcript.facts
    line: Entry = {"sessionId": facts.session_id, "updatedAt": facts.last_activity_at, "systemSent": True}
    return line | _model(transcript) | _tokens(transcript)


def _delivery(transcript: Transcript) -> Entry:
    chat = transcript.chat
    if chat is None or chat.channel == "webchat":
        return {"channel": "webchat"}
    context: Entry = {"channel": chat.channel, "to": chat.delivery_address(), "accountId": "default"}
    return context | ({"threadId": int(chat.topic)} if chat.topic else {})


def _route(transcript: Transcript) -> Entry:
    """Where the last answer went, and what the group is called."""
    chat = transcript.chat
    if chat is None or chat.channel == "webchat":
        return {}
    line: Entry = {"lastTo": chat.delivery_address(), "lastAccountId": "default", "channel": chat.channel}
    if chat.kind == "direct":
        return line
    return line | {"groupId": chat.peer, "subject": chat.title, "displayName": f"{chat.channel}:{chat.title}"}


def _tokens(transcript: Transcript) -> Entry:
    """Of the last run, as the assistant keeps them, not of the session's life."""
    tokens = transcript.last_usage
    return {"inputTokens": tokens.input, "outputTokens": tokens.output, "totalTokens": tokens.total_tokens}


def _model(transcript: Transcript) -> Entry:
    model = transcript.model
    return {"modelProvider": model.provider, "model": model.model_id, "contextTokens": CONTEXT_WINDOW}


def _skills() -> Entry:
    skills: Json = [{"name": "github"}, {"name": "weather"}]
    return {"prompt": "\n\nThe following skills provide specialized instructions.", "skills": skills, "version": 0}
