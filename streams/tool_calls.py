"""The stage `tool-calls`: each tool call, joined with its result under the provider's call id.

A call and its result come in any order, in any number of batches, and some providers use a call id again and again
within a session. So what is kept under a call id is the facts, calls and results; the records are read off them in
order of time. Each fact keeps its position in the log: what was known up to any position can be told again after a
crash that let this state, but not the session's, reach the disk.

Where an id is used again beyond what a row of state should hold, a new row begins with the next call: a *series*.
"""

from __future__ import annotations

import json
from typing import TypedDict

from schemas.records import Message, SessionEvent, ToolCall
from sessiontrack.identity import tool_call_id
from streams.content import calls_of, has_failed, is_result, joined_text
from streams.facts import Invocation, SessionFacts, fact_hash
from streams.revisions import TOOL_CALLS, version

# What a reader of one call can use; the whole text is in the message.
MOST_RESULT_CHARACTERS = 32_768
MOST_ERROR_CHARACTERS = 2_000
# A row is written again for each of its facts. Most hold two; 32, or 1 MiB of text, are much to write for one more.
SERIES_FACTS = 32
SERIES_CHARACTERS = 1024 * 1024
# More than the calls in a series, so that no two series share an ordinal.
SERIES_ORDINALS = 64

ANY_TOOL = "unknown"


class ToolFact(TypedDict):
    """A call, or a result."""

    position: int
    at: int
    key: str
    is_call: bool
    name: str | None
    entry_id: str
    inherited: bool
    agent_id: str | None
    channel: str | None
    cwd: str | None
    brand: str | None
    session_key: str | None
    chat_type: str | None
    certainty: int
    provider: str | None
    model: str | None
    arguments: str | None
    text: str | None
    error: str | None
    exit_code: int | None
    duration_ms: int | None


class CallState(TypedDict):
    """What is known in one series of a call id; `facts` are in order of time."""

    family: str
    session_id: str
    call_id: str
    series: int
    facts: list[ToolFact]


def new_call(family: str, session_id: str, call_id: str, series: int) -> CallState:
    """The state of a series of which nothing is known."""
    return CallState(family=family, session_id=session_id, call_id=call_id, series=series, facts=[])


def tool_facts(event: SessionEvent, position: int, facts: SessionFacts) -> list[tuple[str, ToolFact]]:
    """The calls and results in an event, each with its call id.

    Args:
        event: The first occurrence of its entry.
        position: Of the event in the log.
        facts: Of its session, as far as they are known by now.
    """
    message = event["payload"] and event["payload"]["message"]
    if not message:
        return []
    calls = calls_of(message)
    if not calls and not is_result(message):
        return []
    key = fact_hash(event).hex()
    if is_result(message):
        # A result that names no call answers none that is known.
        return [(message["tool_call_id"] or key, _result(event, position, facts, key, message))]
    found = []
    for index, block in enumerate(calls):
        call = _fact(event, position, facts, f"{key}{index:04}")
        call.update(
            {
                "is_call": True,
                "name": block["tool_name"],
                "provider": message["provider"],
                "model": message["model"],
                "arguments": block["arguments"],
            }
        )
        found.append((block["tool_call_id"] or call["key"], call))
    return found


def add_fact(state: CallState, fact: ToolFact) -> None:
    """Takes a fact in where it is not known yet."""
    if all(known["key"] != fact["key"] for known in state["facts"]):
        state["facts"].append(fact)
        state["facts"].sort(key=lambda known: (known["at"], not known["is_call"], known["key"]))


def is_full(state: CallState, position: int) -> bool:
    """Whether a call at this position of the log begins a new series."""
    before = [fact for fact in state["facts"] if fact["position"] < position]
    characters = sum(len(fact["arguments"] or "") + len(fact["text"] or "") for fact in before)
    return len(before) >= SERIES_FACTS or characters >= SERIES_CHARACTERS


def invocations(state: CallState, position: int) -> list[Invocation]:
    """How the calls known up to a position of the log count in their session."""
    return [
        Invocation(_name(pair), _outcome(pair))
        for pair in _pairs(_known(state, position))
        if not _first(pair)["inherited"]
    ]


def tool_call_records(state: CallState, position: int) -> list[ToolCall]:
    """The records of the calls known up to a position of the log.

    An ordinal is the place among the calls by time. Results before the first call answer a call that is not known.
    """
    facts = _known(state, position)
    first_ordinal = state["series"] * SERIES_ORDINALS
    revision = version(TOOL_CALLS, sum(1 + fact["certainty"] for fact in facts))
    return [_record(state, pair, first_ordinal + place, revision) for place, pair in enumerate(_pairs(facts))]


# A call and its result; one of them may not be known.
_Pair = tuple[ToolFact | None, ToolFact | None]


def _known(state: CallState, position: int) -> list[ToolFact]:
    return [fact for fact in state["facts"] if fact["position"] <= position]


def _pairs(facts: list[ToolFact]) -> list[_Pair]:
    """Each result answers the latest call before it; of calls made at once, the first one without an answer."""
    pairs: list[_Pair] = []
    for fact in facts:
        if fact["is_call"]:
            pairs.append((fact, None))
        elif not pairs:
            pairs.append((None, fact))
        else:
            _answer(pairs, fact)
    return pairs


def _answer(pairs: list[_Pair], result: ToolFact) -> None:
    latest = _first(pairs[-1])["at"]
    for place, (call, known) in enumerate(pairs):
        if call is not None and call["at"] == latest and known is None:
            pairs[place] = (call, result)
            return
    # All are answered: it is an answer once more, as another generation of the transcript words it.


def _first(pair: _Pair) -> ToolFact:
    call, result = pair
    fact = call or result
    assert fact is not None
    return fact


def _outcome(pair: _Pair) -> str:
    result = pair[1]
    if result is None:
        return "pending"
    return "succeeded" if result["error"] is None else "failed"


def _name(pair: _Pair) -> str:
    call, result = pair
    return (call and call["name"]) or (result and result["name"]) or ANY_TOOL


def _record(state: CallState, pair: _Pair, ordinal: int, revision: int) -> ToolCall:
    call, result = pair
    first = _first(pair)
    return {
        "tool_call_id": tool_call_id(state["family"], state["session_id"], state["call_id"], ordinal),
        "session_id": state["session_id"],
        "version": revision,
        "call_id": state["call_id"],
        "ordinal": ordinal,
        "agent_id": first["agent_id"],
        "channel": first["channel"],
        "cwd": first["cwd"],
        "project": first["cwd"],
        "provider": first["provider"],
        "model": first["model"],
        "name": _name(pair),
        "arguments": call and call["arguments"],
        "result": result and result["text"],
        "outcome": _outcome(pair),
        "error": result and result["error"],
        "exit_code": result and result["exit_code"],
        "started_at": first["at"],
        "ended_at": result and result["at"],
        "duration_ms": _duration(call, result),
        "call_entry_id": call and call["entry_id"],
        "result_entry_id": result and result["entry_id"],
        "inherited": first["inherited"],
        "brand": first["brand"],
        "session_key": first["session_key"],
        "chat_type": first["chat_type"],
    }


def _duration(call: ToolFact | None, result: ToolFact | None) -> int | None:
    if result is None:
        return None
    if result["duration_ms"] is not None:
        return result["duration_ms"]
    return None if call is None else result["at"] - call["at"]


def _result(event: SessionEvent, position: int, facts: SessionFacts, key: str, message: Message) -> ToolFact:
    result = _fact(event, position, facts, key)
    text = joined_text(message, "text")
    result.update(
        {
            "name": message["tool_name"],
            "text": text[:MOST_RESULT_CHARACTERS],
            "error": _error(message, text)[:MOST_ERROR_CHARACTERS] if has_failed(message) else None,
            "exit_code": message["exit_code"],
            "duration_ms": message["duration_ms"],
        }
    )
    return result


def _error(message: Message, text: str) -> str:
    """What the details call the error, else the text of the result."""
    try:
        stated = json.loads(message["details"] or "{}").get("error")
    except (ValueError, RecursionError, AttributeError):
        return text
    return stated if isinstance(stated, str) and stated else text


def _fact(event: SessionEvent, position: int, facts: SessionFacts, key: str) -> ToolFact:
    return {
        "position": position,
        "at": event["occurred_at"],
        "key": key,
        "is_call": False,
        "name": None,
        "entry_id": event["entry_id"] or f"line:{event['line_number']}",
        "inherited": event["inherited"],
        "agent_id": event["agent_id"] or facts.agent_id,
        "channel": facts.channel,
        "cwd": facts.cwd,
        "brand": event["source"]["brand"] or facts.brand,
        "session_key": facts.session_key,
        "chat_type": facts.chat_type,
        "certainty": facts.certainty,
        "provider": None,
        "model": None,
        "arguments": None,
        "text": None,
        "error": None,
        "exit_code": None,
        "duration_ms": None,
    }
