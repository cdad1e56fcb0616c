"""The models the assistant talks to, what a call costs, and the marks each provider leaves in a transcript."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass

from bench.corpus.javascript import Json, stringify

_ALPHANUMERIC = string.ascii_letters + string.digits
_BASE36 = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Model:
    """A model and its prices in US dollars per million tokens."""

    provider: str
    model_id: str
    api: str
    input: float
    output: float
    cache_read: float
    cache_write: float

    @property
    def name(self) -> str:
        """``provider/model``, as people type it after ``/model``."""
        return f"{self.provider}/{self.model_id}"


# List prices of early 2026. The first is the one most sessions start with.
MODELS = (
    Model("anthropic", "claude-opus-4-5", "anthropic-messages", 5, 25, 0.5, 6.25),
    Model("anthropic", "claude-sonnet-4-5", "anthropic-messages", 3, 15, 0.3, 3.75),
    Model("openai", "gpt-5.2", "openai-responses", 1.75, 14, 0.175, 0),
    Model("google", "gemini-3-pro-preview", "google-generative-ai", 2, 12, 0.2, 0),
    Model("anthropic", "claude-haiku-4-5", "anthropic-messages", 1, 5, 0.1, 1.25),
    Model("google", "gemini-3-flash-preview", "google-generative-ai", 0.5, 3, 0.05, 0),
    Model("openai", "gpt-5-mini", "openai-responses", 0.25, 2, 0.025, 0),
    Model("ollama", "qwen3:14b", "openai-completions", 0, 0, 0, 0),
)

CONTEXT_WINDOW = 200_000
# OpenAI and Google serve cached prompts in blocks of this many tokens.
_CACHE_BLOCK = 128


@dataclass(frozen=True)
class Usage:
    """Tokens and cost (US dollars) of one model call; ``input`` leaves cached tokens out."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    cost: tuple[float, float, float, float]

    @property
    def total_tokens(self) -> int:
        """All tokens of the call."""
        return self.input + self.output + self.cache_read + self.cache_write

    @property
    def total_cost(self) -> float:
        """Added up in the order in which the assistant adds, so that the doubles are equal."""
        return self.cost[0] + self.cost[1] + self.cost[2] + self.cost[3]

    def as_json(self) -> Mapping[str, Json]:
        """The ``usage`` object of an assistant line."""
        cost_in, cost_out, cost_read, cost_write = self.cost
        return {
            "input": self.input,
            "output": self.output,
            "cacheRead": self.cache_read,
            "cacheWrite": self.cache_write,
            "totalTokens": self.total_tokens,
            "cost": {
                "input": cost_in,
                "output": cost_out,
                "cacheRead": cost_read,
                "cacheWrite": cost_write,
                "total": self.total_cost,
            },
        }


NO_USAGE = Usage(0, 0, 0, 0, (0, 0, 0, 0))


def usage(model: Model, cached: int, fresh: int, output: int) -> Usage:
    """What a call costs whose prompt has ``cached`` known and ``fresh`` new tokens.

    Anthropic bills the fresh part as a cache write; the others as input, with the cache cut to whole blocks.
    """
    if model.provider == "anthropic":
        counts = (min(fresh, 4), output, cached, max(0, fresh - 4))
    else:
        read = cached - cached % _CACHE_BLOCK if model.provider != "ollama" else 0
        counts = (cached + fresh - read, output, read, 0)
    prices = (model.input, model.output, model.cache_read, model.cache_write)
    costs = [price / 1_000_000 * count for price, count in zip(prices, counts, strict=True)]
    return Usage(*counts, cost=(costs[0], costs[1], costs[2], costs[3]))


def letters(rng: random.Random, count: int, alphabet: str = _ALPHANUMERIC) -> str:
    """An opaque token, as providers mint them."""
    return "".join(rng.choices(alphabet, k=count))


def call_id(model: Model, rng: random.Random, tool: str, now: int) -> str:
    """The id that the provider (or, for Google, the client) gives a tool call at ``now`` (epoch milliseconds)."""
    if model.api == "anthropic-messages":
        return "toolu_01" + letters(rng, 22)
    if model.api == "openai-responses":
        return f"call_{letters(rng, 24)}|fc_{letters(rng, 48, string.hexdigits[:16])}"
    if model.api == "google-generative-ai":
        return f"{tool}_{now}_{rng.randint(1, 99)}"
    return "call_" + letters(rng, 11, _BASE36)


def response_id(model: Model, rng: random.Random) -> str:
    """The provider's id of a whole response, kept by OpenClaw."""
    if model.api == "anthropic-messages":
        return "msg_01" + letters(rng, 22)
    if model.api == "openai-responses":
        return "resp_" + letters(rng, 48, string.hexdigits[:16])
    if model.api == "google-generative-ai":
        return letters(rng, 22)
    return "chatcmpl-" + letters(rng, 10, _BASE36)


def thinking_signature(model: Model, rng: random.Random) -> str:
    """What a provider demands to be sent back with a thought: opaque, and for OpenAI a JSON object in a string."""
    if model.api == "openai-responses":
        item: Json = {"id": "rs_" + letters(rng, 48, string.hexdigits[:16]), "type": "reasoning", "summary": []}
        return stringify(item)
    if model.api == "openai-completions":
        return "reasoning_content"
    return letters(rng, 160) + "=="
