"""The stage `sessionize`: what a session is, counted and known from its facts.

The state is a commutative fold: counts, minima, maxima, and tables of these; a "last" value is the maximum by time and
then by the hash of its fact. So the order in which a session's facts come makes no difference. That each fact is folded
once is for the caller to see to (`streams.folded`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from schemas.records import Context, Message, Provenance, SessionEvent, Usage
from streams.bounded import row_of
from streams.context_switches import Setting, add_setting, setting_of
from streams.facts import Invocation, SessionFacts, fact_hash

# [trust, time, hash of the fact, value]: the greatest is the last. Trust orders sources, see `_TRUST`.
Last = list[Any]

_TRUST: dict[Provenance, int] = {"UNKNOWN": 0, "INFERRED": 1, "PARSED": 2, "OBSERVED": 3}

# The web chat that a client of the gateway is taken for says less than what is known of the session's chat.
_SENDER_TRUST = _TRUST | {"INFERRED": 0}

# What is known of a session and repeated in its messages and tool calls.
_REPEATED = SessionFacts._fields[:-1]

TOKENS = ("input", "output", "cache_read", "cache_write", "total", "cost_nanousd")

# Below every position of an event.
BEFORE_ALL = -(2**63)

# What stands for a person or an agent of whom nothing is known.
ANY_USER = "user"
ANY_AGENT = "assistant"
ANY_MODEL = "unknown"


class ParticipantState(TypedDict):
    """One who took part."""

    kind: str
    id: str
    messages: int
    name: Last
    channel: Last


class ModelState(TypedDict):
    """The calls of one model."""

    provider: str
    model: str
    calls: int
    errors: int
    tokens: dict[str, int]


class ToolState(TypedDict):
    """The calls of one tool."""

    calls: int
    succeeded: int
    failed: int
    pending: int


class SessionState(TypedDict):
    """All that is folded of one session; its size does not depend on how many entries the session has."""

    session_id: str
    family: str
    position: int
    facts: int
    last: dict[str, Last]
    header_at: int | None
    first_at: int | None
    last_at: int | None
    participants: dict[str, ParticipantState]
    models: dict[str, ModelState]
    tools: dict[str, ToolState]
    tokens: dict[str, int]
    roles: dict[str, int]
    settings: list[Setting]
    setting_count: int
    series: dict[str, int]
    error_count: int
    message_count: int
    entry_count: int
    inherited_count: int
    unparsed_count: int


def new_session(session_id: str, family: str) -> SessionState:
    """The state of a session of which nothing is folded."""
    return SessionState(
        session_id=session_id,
        family=family,
        position=BEFORE_ALL,
        facts=0,
        last={},
        header_at=None,
        first_at=None,
        last_at=None,
        participants={},
        models={},
        tools={},
        tokens=dict.fromkeys(TOKENS, 0),
        roles={},
        settings=[],
        setting_count=0,
        series={},
        error_count=0,
        message_count=0,
        entry_count=0,
        inherited_count=0,
        unparsed_count=0,
    )


def fold(state: SessionState, event: SessionEvent) -> None:
    """Folds a fact that is not folded yet into its session."""
    state["facts"] += 1
    _keep_last(state["last"], "brand", event, event["source"]["brand"])
    _keep_last(state["last"], "agent_id", event, event["agent_id"])
    _fold_names(state, event)
    if event["kind"] in ("CONTEXT", "TRANSCRIPT_HEAD", "LIFECYCLE"):
        _fold_setting(state, event)
    elif event["kind"] == "UNPARSED":
        state["unparsed_count"] += 1
    elif event["inherited"]:
        state["inherited_count"] += 1
    else:
        _fold_entry(state, event)


def count_calls(state: SessionState, before: Iterable[Invocation], after: Iterable[Invocation]) -> None:
    """Counts what became of tool calls: they counted as `before`, and now count as `after`."""
    for number, counted in ((-1, before), (1, after)):
        for name, outcome in counted:
            if outcome == "failed":
                state["error_count"] += number
            row = row_of(state["tools"], name, lambda: ToolState(calls=0, succeeded=0, failed=0, pending=0))
            if row is not None:
                row["calls"] += number
                row[outcome] += number  # type: ignore[literal-required]


def session_facts(state: SessionState) -> SessionFacts:
    """What messages and tool calls repeat of the session, as far as it is folded."""
    last = state["last"]
    values: list[Any] = []
    certainty = 0
    for name in _REPEATED:
        known = last.get(name)
        if known:
            values.append(known[3])
            certainty += 1 + known[0]
        else:
            values.append(None)
    return SessionFacts._make([*values, certainty])


def last_value(last: dict[str, Last], name: str) -> Any:
    """The last value of this name; None where there is none."""
    known = last.get(name)
    return known[3] if known else None


def _fold_names(state: SessionState, event: SessionEvent) -> None:
    """Takes in what the session is called and belongs to; a fork inherits its parent's name."""
    payload = event["payload"]
    if payload is None:
        return
    last = state["last"]
    if header := payload["session"]:
        state["header_at"] = _least(state["header_at"], event["occurred_at"])
        _keep_last(last, "cwd", event, header["cwd"])
        if header["parent_session"]:
            _keep_last(last, "header_parent", event, [header["parent_session_id"], "fork"])
    elif info := payload["session_info"]:
        # A name that is taken away counts as a value too.
        _keep_last(last, "name", event, info["name"] or "")
    elif context := payload["context"]:
        _fold_context(last, event, context)
    elif lifecycle := payload["lifecycle"]:
        _keep_last(last, "closed", event, lifecycle["action"], at=lifecycle["at"])


def _fold_context(last: dict[str, Last], event: SessionEvent, context: Context) -> None:
    trust = _TRUST[context["provenance"]]
    _keep_last(last, "session_key", event, context["session_key"], trust)
    _keep_last(last, "channel", event, context["channel"], trust)
    _keep_last(last, "chat_type", event, context["chat_type"], trust)
    _keep_last(last, "display_name", event, context["display_name"], trust)
    if context["parent_session_id"] or context["parent_relation"]:
        parent = [context["parent_session_id"], context["parent_relation"]]
        _keep_last(last, "context_parent", event, parent, trust)


def _fold_entry(state: SessionState, event: SessionEvent) -> None:
    state["entry_count"] += 1
    state["first_at"] = _least(state["first_at"], event["occurred_at"])
    state["last_at"] = max(state["last_at"] or 0, event["occurred_at"])
    payload = event["payload"]
    if payload is not None and payload["message"] is not None:
        _fold_message(state, event, payload["message"])
    else:
        _fold_setting(state, event)


def _fold_setting(state: SessionState, event: SessionEvent) -> None:
    setting = setting_of(event)
    if setting is not None:
        state["setting_count"] += 1
        add_setting(state["settings"], setting)


def _fold_message(state: SessionState, event: SessionEvent, message: Message) -> None:
    state["message_count"] += 1
    role = message["role"]
    if row_of(state["roles"], role, int) is not None:
        state["roles"][role] += 1
    if message["usage"]:
        _add_tokens(state["tokens"], message["usage"])
    if role == "assistant" and message["origin"] == "MODEL":
        _fold_model_call(state, message)
        _fold_participant(state, event, "agent", event["agent_id"] or ANY_AGENT, None, None)
    elif role == "user" and message["origin"] in ("USER", "UNKNOWN"):
        _fold_user(state, event, message)


def _fold_model_call(state: SessionState, message: Message) -> None:
    failed = int(message["stop_reason"] == "error")
    state["error_count"] += failed
    provider, model = message["provider"] or ANY_MODEL, message["model"] or ANY_MODEL
    row = row_of(
        state["models"],
        f"{provider}\n{model}",
        lambda: ModelState(provider=provider, model=model, calls=0, errors=0, tokens=dict.fromkeys(TOKENS, 0)),
    )
    if row is not None:
        row["calls"] += 1
        row["errors"] += failed
        if message["usage"]:
            _add_tokens(row["tokens"], message["usage"])


def _fold_user(state: SessionState, event: SessionEvent, message: Message) -> None:
    sender = message["sender"]
    if sender is None:
        _fold_participant(state, event, "user", ANY_USER, None, None)
        return
    identity = sender["id"] or sender["name"] or ANY_USER
    _fold_participant(state, event, "user", identity, sender["name"], sender["channel"])
    _keep_last(state["last"], "channel", event, sender["channel"], _SENDER_TRUST[sender["provenance"]])


def _fold_participant(
    state: SessionState, event: SessionEvent, kind: str, identity: str, name: str | None, channel: str | None
) -> None:
    row = row_of(
        state["participants"],
        f"{kind}\n{identity}",
        lambda: ParticipantState(kind=kind, id=identity, messages=0, name=[], channel=[]),
    )
    if row is not None:
        row["messages"] += 1
        row["name"] = _later(row["name"], event, name)
        row["channel"] = _later(row["channel"], event, channel)


def _add_tokens(tokens: dict[str, int], usage: Usage) -> None:
    for kind in TOKENS:
        tokens[kind] += usage[kind]  # type: ignore[literal-required]


def _keep_last(
    last: dict[str, Last], name: str, event: SessionEvent, value: Any, trust: int = 0, at: int | None = None
) -> None:
    if value is not None:
        last[name] = _later(last.get(name, []), event, value, trust, at)


def _later(known: Last, event: SessionEvent, value: Any, trust: int = 0, at: int | None = None) -> Last:
    """The greater of the known value and this one; a value of None is none."""
    if value is None:
        return known
    if at is None:
        at = event["occurred_at"]
    if known:
        # Compared one by one: nearly every event comes through here twice.
        known_trust, known_at, known_hash, _ = known
        if trust < known_trust or (trust == known_trust and at < known_at):
            return known
        if trust == known_trust and at == known_at and fact_hash(event).hex() <= known_hash:
            return known
    return [trust, at, fact_hash(event).hex(), value]


def _least(known: int | None, at: int) -> int:
    return at if known is None else min(known, at)
