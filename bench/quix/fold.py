"""Sessions folded from events, in a state with a changelog: counts, tokens, cost, models, tools, times."""

from __future__ import annotations

from typing import Any

from application import application, milliseconds, run
from quixstreams import State


def fold(event: dict[str, Any], state: State) -> None:
    """Folds an event into its session."""
    at = milliseconds(event["occurred_at"])
    session = state.get("session") or {
        "created_at": at,
        "last_activity_at": at,
        "entries": 0,
        "messages": {},
        "models": {},
        "tools": {},
        "tokens": 0,
        "cost_nanousd": 0,
        "switches": [],
    }
    session["created_at"] = min(session["created_at"], at)
    session["last_activity_at"] = max(session["last_activity_at"], at)
    session["entries"] += 1
    payload = event["payload"] or {}
    message, change = payload.get("message"), payload.get("model_change")
    if message is not None:
        fold_message(session, message)
    if change is not None:
        session["switches"] = [*session["switches"], [at, change["provider"], change["model"]]][-100:]
    state.set("session", session)


def fold_message(session: dict[str, Any], message: dict[str, Any]) -> None:
    """Counts a message, what it cost, and the tools that it calls."""
    role = message["role"]
    session["messages"][role] = session["messages"].get(role, 0) + 1
    usage = message.get("usage")
    if usage is not None:
        model = f"{message['provider']}/{message['model']}"
        session["models"][model] = session["models"].get(model, 0) + 1
        session["tokens"] += usage["total"] or 0
        session["cost_nanousd"] += usage["cost_nanousd"] or 0
    for block in message.get("content") or ():
        name = block["tool_name"]
        if name:
            session["tools"][name] = session["tools"].get(name, 0) + 1


if __name__ == "__main__":
    app, topic = application()
    app.dataframe(topic).update(fold, stateful=True)
    run(app)
