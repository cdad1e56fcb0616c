"""Generated messages with vectors: realistic lengths, a Zipf vocabulary, clusters by topic. The same for a seed.

The centre of a topic is what the model makes of the topic's own words, so that real questions fall where the vectors
lie: a query from elsewhere would find an index that nobody has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessiontrack.identity import message_id
from sessiontrack.providers.choice import open_embedder
from sessiontrack.settings import Settings

MESSAGES_PER_SESSION = 100
_TOPICS = 800
_WORDS_OF_TOPIC = 40
# Of a message's words, how many are its topic's.
_SHARE_OF_TOPIC = 0.25
# How far a session lies from its topic, and a message from its session, beside the centre's length of 1. The cosine of
# a message with its topic is about 0.75, as of sentences about one thing in this model.
_SPREAD_OF_SESSION, _SPREAD_OF_MESSAGE = 0.5, 0.7
_ZIPF_EXPONENT = 1.05
# By role: share, and median and spread of the log-normal number of words. Most turns are short, what tools print is
# long.
_ROLES = (("user", 0.3, 14, 0.9), ("assistant", 0.42, 45, 0.9), ("toolResult", 0.28, 70, 1.1))
_MOST_WORDS = 3_000
_AGENTS = ("main", "home", "work", "research")
_CHANNELS = ("telegram", "discord", "webchat", "whatsapp")
_MODELS = (("anthropic", "claude-opus-4-5"), ("openai", "gpt-5.2"), ("google", "gemini-3-pro"))
_TOOLS = ("exec", "exec", "exec", "read", "read", "web_search", "write", "browser")
# Of the results of tools one in so many is a failure.
_ONE_FAILS_OF = 23
_TOKENS_A_WORD, _NANOUSD_A_TOKEN = 20, 5_000
_BEGIN = 1_704_067_200_000
_END = 1_767_225_600_000

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Made:
    """A message with its vector.

    Attributes:
        message: The fields of a SearchableMessage that are not empty.
        vector: Of length 1.
    """

    message: dict[str, Any]
    vector: Floats


class Corpus:
    """A corpus of so many messages.

    Args:
        settings: Who embeds the topics.
        messages: How many messages.
        seed: Of everything random.
    """

    def __init__(self, settings: Settings, messages: int, seed: int = 6) -> None:
        self.messages = messages
        self._seed = seed
        random = np.random.default_rng(seed)
        self._words = _vocabulary()
        common = len(self._words) // 10
        self._topics = np.stack(
            [random.choice(np.arange(common, len(self._words)), _WORDS_OF_TOPIC, replace=False) for _ in range(_TOPICS)]
        )
        weights = 1 / np.arange(1, len(self._words) + 1) ** _ZIPF_EXPONENT
        self._cumulated = np.cumsum(weights / weights.sum())
        texts = [" ".join(self._words[word] for word in topic[:12]) for topic in self._topics]
        self.space, self._centres = asyncio.run(_embedded(settings, texts))

    @property
    def sessions(self) -> int:
        """How many sessions."""
        return -(-self.messages // MESSAGES_PER_SESSION)

    def made(self) -> Iterator[Made]:
        """The messages, session by session."""
        for session in range(self.sessions):
            yield from self._session(session, min(MESSAGES_PER_SESSION, self.messages - session * MESSAGES_PER_SESSION))

    def title(self, session: int) -> str:
        """The title of a session."""
        topic = self._topic(session)
        return " ".join(self._words[word] for word in self._topics[topic][:5])

    def questions(self, count: int, seed: int) -> list[str]:
        """Questions about topics, none twice: two to four of a topic's words, half of them as one asks people."""
        random = np.random.default_rng((self._seed, seed))
        found: dict[str, None] = {}
        while len(found) < count:
            topic = self._topics[random.integers(_TOPICS)]
            words = " ".join(self._words[word] for word in random.choice(topic, random.integers(2, 5), replace=False))
            found[f"what did we decide about the {words}?" if random.random() < 0.5 else words] = None
        return list(found)

    def _topic(self, session: int) -> int:
        return int(np.random.default_rng((self._seed, session)).integers(_TOPICS))

    def _session(self, number: int, messages: int) -> Iterator[Made]:
        random = np.random.default_rng((self._seed, number))
        topic = int(random.integers(_TOPICS))
        session_id = f"bench-{number:07d}"
        centre = self._centres[topic] + _SPREAD_OF_SESSION * _directions(random, 1, self._centres.shape[1])[0]
        vectors = centre + _SPREAD_OF_MESSAGE * _directions(random, messages, self._centres.shape[1])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        begin = int(random.integers(_BEGIN, _END))
        for line in range(1, messages + 1):
            role, words = self._role(random)
            yield Made(
                {
                    "message_id": message_id("bench", session_id, line.to_bytes(4)),
                    "session_id": session_id,
                    "version": 1,
                    "entry_id": f"{line:08x}",
                    "line_number": line,
                    "role": role,
                    "origin": {"user": "USER", "assistant": "MODEL"}.get(role, "TOOL"),
                    "sender_name": f"Person {number % 50}" if role == "user" else None,
                    "agent_id": _AGENTS[number % len(_AGENTS)],
                    "channel": _CHANNELS[number // 7 % len(_CHANNELS)],
                    "project": f"/home/bench/project-{number % 30}",
                    "timestamp": begin + line * 60_000,
                    "text": self._text(random, topic, words),
                    **_facts_of_role(role, words, number, line),
                },
                vectors[line - 1].astype(np.float32),
            )

    def _role(self, random: np.random.Generator) -> tuple[str, int]:
        role, _, median, spread = _ROLES[random.choice(len(_ROLES), p=[share for _, share, _, _ in _ROLES])]
        return role, int(min(_MOST_WORDS, max(1, random.lognormal(np.log(median), spread))))

    def _text(self, random: np.random.Generator, topic: int, words: int) -> str:
        drawn = np.searchsorted(self._cumulated, random.random(words))
        of_topic = random.random(words) < _SHARE_OF_TOPIC
        drawn[of_topic] = random.choice(self._topics[topic], int(of_topic.sum()))
        return " ".join(self._words[min(word, len(self._words) - 1)] for word in drawn)


def _facts_of_role(role: str, words: int, session: int, line: int) -> dict[str, Any]:
    """What a model's reply cost, and which tool a result is of."""
    if role == "toolResult":
        place = session + line
        return {"tools_used": [_TOOLS[place % len(_TOOLS)]], "is_error": place % _ONE_FAILS_OF == 0}
    if role != "assistant":
        return {"tools_used": []}
    provider, model = _MODELS[session % len(_MODELS)]
    tokens = words * _TOKENS_A_WORD
    cost = tokens * _NANOUSD_A_TOKEN
    facts = {"provider": provider, "model": model, "total_tokens": tokens, "cost_nanousd": cost}
    return {"tools_used": [], "model_call": True, **facts}


def _vocabulary() -> list[str]:
    """English words, the most frequent first: those of the model's vocabulary that stand by themselves."""
    path = files("sessiontrack.providers.local") / "bert-vocabulary.txt"
    return [
        word for word in path.read_text("utf-8").splitlines() if word.isascii() and word.isalpha() and len(word) > 1
    ]


def _directions(random: np.random.Generator, count: int, dimensions: int) -> NDArray[np.float64]:
    found = random.standard_normal((count, dimensions))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


async def _embedded(settings: Settings, texts: list[str]) -> tuple[str, Floats]:
    embedder = open_embedder(settings)
    try:
        return embedder.space, await embedder.embed_documents(texts)
    finally:
        await embedder.close()
