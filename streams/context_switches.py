"""When a session's context changed: its model, its thinking level, a compaction, another branch, a reset.

What is folded are *settings*: points in time at which a model or a level was stated, or the context was cut. A stated
value is a switch where it differs from the one before it in time; the first one is where the session started.
"""

from __future__ import annotations

import json
from bisect import insort

from schemas.records import ContextSwitch, SessionEvent
from streams.facts import fact_hash

# The first settings in order of time, which any order of folding leaves the same; 1,000 are some 80 KiB of state.
MOST_SETTINGS = 1_000

# [time, hash of the fact, kind, value, entry id]: in this order they sort by time, and differ by the hash.
Setting = list[int | str | None]

_STATED = ("model", "thinking_level")
_MODEL_SNAPSHOT = "model-snapshot"


def setting_of(event: SessionEvent) -> Setting | None:
    """The setting that an event states; None where it states none."""
    found = _kind_and_value(event)
    if found is None:
        return None
    kind, value = found
    return [event["occurred_at"], fact_hash(event).hex(), kind, value, event["entry_id"]]


def add_setting(settings: list[Setting], setting: Setting) -> None:
    """Takes a setting into the sorted list of the first ones."""
    insort(settings, setting)
    del settings[MOST_SETTINGS:]


def switches(settings: list[Setting]) -> list[ContextSwitch]:
    """The switches among the settings, in order of time."""
    found = []
    stated: dict[object, object] = {}
    for at, _, kind, value, entry_id in settings:
        if kind not in _STATED or stated.get(kind, value) != value:
            found.append(ContextSwitch(kind=kind, at=at, value=value, entry_id=entry_id))  # type: ignore[typeddict-item]
        stated[kind] = value
    return found


def _kind_and_value(event: SessionEvent) -> tuple[str, str | None] | None:
    payload = event["payload"]
    if payload is None:
        return None
    if change := payload["model_change"]:
        return _model(change["provider"], change["model"])
    if (custom := payload["custom"]) and custom["custom_type"] == _MODEL_SNAPSHOT:
        return _model_in(custom["data"])
    if level := payload["thinking_level_change"]:
        return ("thinking_level", level["level"]) if level["level"] else None
    if payload["compaction"]:
        return "compaction", None
    if payload["branch_summary"]:
        return "branch", None
    if reset := payload["reset"]:
        return "reset", reset["reason"]
    if (lifecycle := payload["lifecycle"]) and lifecycle["action"] == "reset":
        return "reset", None
    return None


def _model(provider: object, model: object) -> tuple[str, str] | None:
    if not isinstance(model, str) or not model:
        return None
    return "model", f"{provider}/{model}" if isinstance(provider, str) and provider else model


def _model_in(snapshot: str | None) -> tuple[str, str] | None:
    try:
        data = json.loads(snapshot or "")
    except (ValueError, RecursionError):
        return None
    return _model(data.get("provider"), data.get("modelId")) if isinstance(data, dict) else None
