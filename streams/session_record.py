"""The published record of a session, read off its state."""

from __future__ import annotations

from schemas.records import ContextSwitch, ModelUsage, Participant, Session, ToolUsage
from streams.context_switches import switches
from streams.revisions import SESSIONS, version
from streams.sessionize import Last, ModelState, ParticipantState, SessionState, last_value

# A sum of numbers that a broken transcript states may pass what the record can hold.
_MOST = 2**63 - 1
_LEAST = -(2**63)


def session_record(state: SessionState) -> Session:
    """Everything counted and known of the session."""
    last, tokens = state["last"], state["tokens"]
    created_at, last_activity_at = _span(state)
    closed_at, closed_reason = _closed(last.get("closed"), last_activity_at)
    parent_session_id, parent_relation = (
        last_value(last, "header_parent") or last_value(last, "context_parent") or (None, None)
    )
    found = switches(state["settings"])
    return Session(
        session_id=state["session_id"],
        version=version(SESSIONS, state["facts"]),
        family=state["family"],
        brand=last_value(last, "brand"),
        agent_id=last_value(last, "agent_id"),
        session_key=last_value(last, "session_key"),
        channel=last_value(last, "channel"),
        chat_type=last_value(last, "chat_type"),
        title=last_value(last, "name") or last_value(last, "display_name"),
        cwd=last_value(last, "cwd"),
        project=last_value(last, "cwd"),
        parent_session_id=parent_session_id,
        parent_relation=parent_relation,
        created_at=created_at,
        last_activity_at=last_activity_at,
        closed_at=closed_at,
        closed_reason=closed_reason,
        participants=sorted(map(_participant, state["participants"].values()), key=_people_first),
        models_used=sorted(map(_model, state["models"].values()), key=lambda row: (row["provider"], row["model"])),
        input_tokens=_long(tokens["input"]),
        output_tokens=_long(tokens["output"]),
        cache_read_tokens=_long(tokens["cache_read"]),
        cache_write_tokens=_long(tokens["cache_write"]),
        total_tokens=_long(tokens["total"]),
        cost_nanousd=_long(tokens["cost_nanousd"]),
        message_count=state["message_count"],
        messages_by_role=dict(sorted(state["roles"].items())),
        tool_invocations=_tools(state),
        context_switches=found,
        context_switch_count=_switch_count(state, found),
        error_count=state["error_count"],
        entry_count=state["entry_count"],
        inherited_count=state["inherited_count"],
        unparsed_count=state["unparsed_count"],
        context_summary=None,
    )


def _span(state: SessionState) -> tuple[int, int]:
    """When it started and was last active; 1970 where nothing tells."""
    started = [at for at in (state["header_at"], state["first_at"]) if at is not None]
    created_at = started[0] if started else 0
    return created_at, created_at if state["last_at"] is None else state["last_at"]


def _closed(closed: Last | None, last_activity_at: int) -> tuple[int | None, str | None]:
    """When and how it was closed; a session that went on afterwards is open."""
    if closed is None or closed[1] < last_activity_at:
        return None, None
    return closed[1], closed[3]


def _switch_count(state: SessionState, found: list[ContextSwitch]) -> int:
    # Of the settings beyond those kept it is not known whether they changed anything: each counts.
    return len(found) + state["setting_count"] - len(state["settings"])


def _participant(row: ParticipantState) -> Participant:
    return Participant(
        kind=row["kind"],
        id=row["id"],
        name=row["name"][3] if row["name"] else None,
        channel=row["channel"][3] if row["channel"] else None,
        messages=row["messages"],
    )


def _people_first(row: Participant) -> tuple[bool, str]:
    return row["kind"] != "user", row["id"]


def _model(row: ModelState) -> ModelUsage:
    tokens = row["tokens"]
    return ModelUsage(
        provider=row["provider"],
        model=row["model"],
        calls=row["calls"],
        errors=row["errors"],
        input_tokens=_long(tokens["input"]),
        output_tokens=_long(tokens["output"]),
        cache_read_tokens=_long(tokens["cache_read"]),
        cache_write_tokens=_long(tokens["cache_write"]),
        total_tokens=_long(tokens["total"]),
        cost_nanousd=_long(tokens["cost_nanousd"]),
    )


def _tools(state: SessionState) -> list[ToolUsage]:
    # A result that came before its call was counted under a name of its own, and is no longer.
    return [ToolUsage(name=name, **usage) for name, usage in sorted(state["tools"].items()) if usage["calls"]]


def _long(number: int) -> int:
    return max(_LEAST, min(number, _MOST))
