"""The stage `messages`: one searchable record of each message."""

from __future__ import annotations

from typing import cast

from schemas.records import Message, SearchableMessage, SessionEvent, Usage
from sessiontrack.identity import message_id
from streams.content import argument_values, calls_of, has_failed, is_result, joined_text
from streams.facts import SessionFacts
from streams.revisions import MESSAGES, version

_NO_USAGE = Usage(input=0, output=0, cache_read=0, cache_write=0, total=0, cost_nanousd=0)


def searchable_message(event: SessionEvent, facts: SessionFacts) -> SearchableMessage | None:
    """The message that an event brings.

    Args:
        event: The first occurrence of its entry.
        facts: Of its session, as far as they are known by now.

    Returns:
        None for what is no message.
    """
    payload = event["payload"]
    if payload is None or event["entry_key"] is None:
        return None
    if payload["message"]:
        return _of_message(event, facts, payload["message"])
    if custom := payload["custom_message"]:
        return _record(event, facts, "custom_message", "SYSTEM", custom["text"])
    if compaction := payload["compaction"]:
        return _record(event, facts, "compaction", "SYSTEM", compaction["summary"])
    if branch := payload["branch_summary"]:
        return _record(event, facts, "branch_summary", "SYSTEM", branch["summary"])
    return None


def _of_message(event: SessionEvent, facts: SessionFacts, message: Message) -> SearchableMessage:
    record = _record(event, facts, message["role"], message["origin"], joined_text(message, "text"))
    usage = message["usage"] or _NO_USAGE
    types = [block["type"] for block in message["content"]]
    record.update(
        {
            "thinking": (joined_text(message, "thinking") or None) if "thinking" in types else None,
            "images": types.count("image"),
            "provider": message["provider"],
            "model": message["model"],
            "input_tokens": usage["input"],
            "output_tokens": usage["output"],
            "cache_read_tokens": usage["cache_read"],
            "cache_write_tokens": usage["cache_write"],
            "total_tokens": usage["total"],
            "cost_nanousd": usage["cost_nanousd"],
            "stop_reason": message["stop_reason"],
            "error_message": message["error_message"],
            "is_error": message["stop_reason"] == "error" or has_failed(message),
            "model_call": message["role"] == "assistant" and message["origin"] == "MODEL",
        }
    )
    if "toolCall" in types or is_result(message) or message["command"]:
        _add_tools(record, message)
    if sender := message["sender"]:
        record["sender_id"] = sender["id"]
        record["sender_name"] = sender["name"]
        record["channel"] = sender["channel"] or record["channel"]
    return record


def _add_tools(record: SearchableMessage, message: Message) -> None:
    calls = calls_of(message)
    names = [cast(str, call["tool_name"]) for call in calls]
    call_ids = [call["tool_call_id"] for call in calls]
    values = [value for call in calls for value in argument_values(call["arguments"])]
    if is_result(message):
        names.append(message["tool_name"] or "")
        call_ids.append(message["tool_call_id"])
    if message["command"]:
        values.append(message["command"])
    record["tools_used"] = [name for name in dict.fromkeys(names) if name]
    record["tool_call_ids"] = [call_id for call_id in dict.fromkeys(call_ids) if call_id]
    record["tool_arguments"] = "\n".join(values) or None


def _record(event: SessionEvent, facts: SessionFacts, role: str, origin: str, text: str | None) -> SearchableMessage:
    assert event["entry_key"] is not None
    assert event["payload"] is not None
    # A literal: calling the TypedDict takes twice the time, and this is the most frequent record.
    return {
        "message_id": message_id(event["family"], event["session_id"], event["entry_key"]),
        "session_id": event["session_id"],
        # A message is made from one fact, the entry, and of what is known of its session: only that may become more.
        "version": version(MESSAGES, 1 + facts.certainty),
        "agent_id": event["agent_id"] or facts.agent_id,
        "channel": facts.channel,
        "cwd": facts.cwd,
        "project": facts.cwd,
        "entry_id": event["entry_id"] or f"line:{event['line_number']}",
        "parent_entry_id": event["parent_entry_id"],
        "line_number": event["line_number"] or 0,
        "inherited": event["inherited"],
        "role": role,
        "origin": origin,
        "sender_id": None,
        "sender_name": None,
        "timestamp": event["occurred_at"],
        "text": text or "",
        "thinking": None,
        "tools_used": [],
        "tool_call_ids": [],
        "tool_arguments": None,
        "images": 0,
        "provider": None,
        "model": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "total_tokens": 0,
        "cost_nanousd": 0,
        "stop_reason": None,
        "error_message": None,
        "is_error": False,
        "truncated": event["payload"]["truncated"],
        "sentiment": None,
        "model_call": False,
        "brand": event["source"]["brand"] or facts.brand,
        "session_key": facts.session_key,
        "chat_type": facts.chat_type,
    }
