"""The records that are answered. What a field means is said where the record is defined: in its Avro schema."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.avro import load_schema

OPENING = Field(
    None,
    description="Where it has no title: the first words of the first thing that a person said in it.",
    examples=["Which of the barometers on the mast is out of calibration?"],
)


class Record(BaseModel):
    """A record whose fields are those of an Avro schema, times as ISO 8601."""

    # Errors are logged: what a record holds is not told.
    model_config = ConfigDict(hide_input_in_errors=True)
    avro: ClassVar[str]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Adds what each field means."""
        schema = handler.resolve_ref_schema(handler(core))
        meanings = {field["name"]: field.get("doc") for field in load_schema(cls.avro)["fields"]}
        for name, each in schema.get("properties", {}).items():
            if meaning := meanings.get(name):
                each.setdefault("description", meaning)
        return schema


class SessionFacts(Record):
    """What is counted and known of a session; inherited entries are left out of totals."""

    avro = "session"

    session_id: str
    version: int
    family: str
    brand: str | None
    agent_id: str | None
    session_key: str | None
    channel: str | None
    chat_type: str | None
    title: str | None
    opening: str | None = OPENING
    cwd: str | None
    project: str | None
    parent_session_id: str | None
    parent_relation: str | None
    created_at: str
    last_activity_at: str
    closed_at: str | None
    closed_reason: str | None
    participants: list[dict[str, Any]]
    models_used: list[dict[str, Any]]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    total_tokens: int
    cost_nanousd: int
    cost_usd: float
    message_count: int
    messages_by_role: dict[str, int]
    tool_invocations: list[dict[str, Any]]
    context_switches: list[dict[str, Any]]
    context_switch_count: int
    error_count: int
    entry_count: int
    inherited_count: int
    unparsed_count: int
    context_summary: str | None


class MessageFacts(Record):
    """A message of a session."""

    avro = "message"

    message_id: str
    session_id: str
    version: int
    entry_id: str
    parent_entry_id: str | None
    line_number: int
    inherited: bool
    role: str
    origin: str
    sender_id: str | None
    sender_name: str | None
    timestamp: str
    text: str
    said: str | None = Field(
        description="What a person wrote, without what the product puts around it; null where `text` is just that."
    )
    thinking: str | None
    tools_used: list[str]
    tool_call_ids: list[str]
    tool_arguments: str | None
    images: int
    provider: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    total_tokens: int
    cost_nanousd: int
    cost_usd: float
    stop_reason: str | None
    error_message: str | None
    is_error: bool
    truncated: bool
    sentiment: str | None


class ToolCallFacts(Record):
    """A tool call, joined with its result."""

    avro = "tool-call"

    tool_call_id: str
    session_id: str
    version: int
    call_id: str
    ordinal: int
    provider: str | None
    model: str | None
    name: str
    arguments: str | None
    result: str | None
    outcome: str
    error: str | None
    exit_code: int | None
    started_at: str
    ended_at: str | None
    duration_ms: int | None
    call_entry_id: str | None
    result_entry_id: str | None
    inherited: bool


class EventFacts(Record):
    """An event, without the bytes of its line."""

    avro = "session-event"

    event_id: str
    kind: str
    entry_type: str | None
    session_id: str
    agent_id: str | None
    occurred_at: str
    captured_at: str
    chain: str | None
    entry_id: str | None
    parent_entry_id: str | None
    line_number: int | None
    inherited: bool
    body: dict[str, Any] | None
