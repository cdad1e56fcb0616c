from __future__ import annotations

from copy import deepcopy
from typing import Any

from streams.derive import derive
from streams.names import LONGEST_NAME, with_short_names
from tests.unit.streams.events import SESSION, call, event, message, reply, text, user

LONG = "\U0001f600" * 10_000
CUT = LONG[:LONGEST_NAME]


def test_a_session_of_endless_names_has_rows_that_an_index_takes() -> None:
    sender = {"id": LONG, "name": LONG, "channel": LONG, "provenance": "OBSERVED"}
    calling = message("assistant", text(LONG), call("c", LONG), provider=LONG, model=LONG, origin="MODEL")
    result = message("toolResult", text("done"), tool_call_id="c", tool_name=LONG)
    events = [
        user("1", value="hello", sender=sender, agent_id=LONG),
        event("MESSAGE", "2", agent_id=LONG, message=calling),
        event("MESSAGE", "3", agent_id=LONG, message=result),
        event("MODEL_CHANGE", "4", agent_id=LONG, model_change={"provider": LONG, "model": LONG}),
    ]
    derived = derive(events)
    assert not derived.refused
    session = derived.sessions[SESSION]
    assert (session["agent_id"], session["channel"]) == (CUT, CUT)
    assert [(used["provider"], used["model"]) for used in session["models_used"]] == [(CUT, CUT)]
    (tool_call,) = derived.tool_calls.values()
    assert (tool_call["name"], tool_call["model"], tool_call["result"]) == (CUT, CUT, "done")
    assert [row["text"] for row in derived.messages.values()] == ["hello", LONG, "done"]


def test_an_event_of_usual_names_is_left_as_it_is() -> None:
    for usual in (user("1"), reply("2", 1_000, text("done"), call("c", "exec")), event("LABEL", "3")):
        before: Any = deepcopy(usual)
        assert with_short_names(usual) is usual
        assert usual == before


def test_an_event_of_long_names_is_not_changed() -> None:
    long = event("MESSAGE", "1", message=message("assistant", call("c", LONG), model=LONG))
    before: Any = deepcopy(long)
    assert with_short_names(long) != long
    assert long == before
