"""What spans say by OpenTelemetry's conventions for generative AI. No text, and no name of a person.

Source: https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.records import Message, SessionEvent
from schemas.vectors import space_dimensions

OPERATION_NAME = "gen_ai.operation.name"
CONVERSATION_ID = "gen_ai.conversation.id"
AGENT_ID = "gen_ai.agent.id"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count"

# What a message of these roles is the outcome of.
_CHAT, _EXECUTE_TOOL = "chat", "execute_tool"
_EMBEDDINGS = "embeddings"
# The well-known names of providers that have one, by what the assistant and our settings call them; of all others those
# are the same, or there is none.
_PROVIDERS = {
    "amazon-bedrock": "aws.bedrock",
    "azure-openai-responses": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
_OPERATIONS = {"assistant": _CHAT, "toolResult": _EXECUTE_TOOL, "bashExecution": _EXECUTE_TOOL}

Attributes = Mapping[str, str | int | list[str]]


def attributes_of(event: SessionEvent) -> Attributes:
    """The attributes of an event; a sealed one tells its session and its agent only."""
    message = event["payload"] and event["payload"]["message"]
    found = {CONVERSATION_ID: event["session_id"], AGENT_ID: event["agent_id"]}
    if message:
        found |= _of_message(message)
    return {name: value for name, value in found.items() if value is not None}


def embedding(provider: str, space: str) -> Attributes:
    """The attributes of what is embedded.

    Args:
        provider: Who embeds, as the settings name it.
        space: The embedding space, a model with its dimensions.
    """
    return {
        OPERATION_NAME: _EMBEDDINGS,
        PROVIDER_NAME: _well_known(provider),
        REQUEST_MODEL: space.rpartition("@")[0],
        EMBEDDINGS_DIMENSION_COUNT: space_dimensions(space),
    }


def _well_known(provider: str) -> str:
    return _PROVIDERS.get(provider, provider)


def _of_message(message: Message) -> dict[str, Any]:
    usage, reason = message["usage"], message["stop_reason"]
    return {
        OPERATION_NAME: _OPERATIONS.get(message["role"]),
        PROVIDER_NAME: message["provider"] and _well_known(message["provider"]),
        RESPONSE_MODEL: message["model"],
        RESPONSE_FINISH_REASONS: [reason] if reason else None,
        # All of them, as the conventions count; ours leaves out what came from the provider's cache.
        USAGE_INPUT_TOKENS: usage and usage["input"] + usage["cache_read"] + usage["cache_write"],
        USAGE_OUTPUT_TOKENS: usage and usage["output"],
        TOOL_NAME: message["tool_name"],
        TOOL_CALL_ID: message["tool_call_id"],
    }
