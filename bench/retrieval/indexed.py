"""Puts generated conversations into indexes of their own, by the very stages and projections of the pipeline."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk

from bench.retrieval.conversations import Turn
from consumers.opensearch.documents import document
from infra.opensearch.setup import put_templates
from infra.opensearch.vectors import CHUNKS, SESSION_VECTORS, dataset_in, make_space
from schemas import topics
from schemas.avro import load_schema
from schemas.records import SearchableMessage, Session
from schemas.topics import MESSAGES, SESSIONS, Topic
from schemas.vectors import decode_vector
from sessiontrack.identity import message_id
from sessiontrack.providers.choice import open_embedder
from sessiontrack.settings import Settings
from streams.batch import Output
from streams.embed.fold import Fold
from streams.embed.plan import Incoming, Plan, Planner
from streams.embed.rows import Rows

_TIMEOUT_S = 60
_EMPTY = {"string": "", "long": 0, "int": 0, "boolean": False, "array": []}
_DATASETS = {topics.CHUNKS.name: CHUNKS, topics.SESSION_VECTORS.name: SESSION_VECTORS}


@contextmanager
def indexed(settings: Settings, turns: Sequence[Turn], *, bare: bool = False) -> Iterator[Settings]:
    """Settings with which a search finds the turns; their indexes are removed at the end.

    Args:
        settings: Of a running OpenSearch, and of who embeds.
        turns: What was said.
        bare: Each turn as it is, without who speaks and what was said before.
    """
    target = settings.opensearch.model_copy(update={"index_prefix": f"retrieval_{'bare' if bare else 'context'}"})
    own = settings.model_copy(update={"opensearch": target})
    with OpenSearch(hosts=[target.url], timeout=_TIMEOUT_S) as client:
        try:
            put_templates(own)
            messages = [message_of(turn) for turn in turns]
            outputs, space = asyncio.run(_embedded(own, messages, bare=bare))
            make_space(client, target, space)
            bulk(client, _actions(own, turns, messages, outputs), refresh=True)
            yield own
        finally:
            client.indices.delete(index=f"{target.index_prefix}-*")


def message_of(turn: Turn) -> SearchableMessage:
    """The message that a turn is: of a group chat, in which everybody has a name."""
    stated = {
        "message_id": message_id("bench", session_of(turn), turn.turn_id.encode()),
        "session_id": session_of(turn),
        "version": 1,
        "entry_id": turn.turn_id,
        "line_number": turn.number,
        "role": "user",
        "origin": "USER",
        "sender_name": turn.speaker,
        "channel": "telegram",
        "timestamp": turn.at,
        "text": turn.text,
    }
    return cast(SearchableMessage, _whole(MESSAGES, stated))


def sessions_of(turns: Iterable[Turn]) -> Iterator[Session]:
    """The sessions in which turns were said, each titled by its first turn."""
    sessions: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        sessions[session_of(turn)].append(turn)
    for session_id, said in sessions.items():
        stated = {
            "session_id": session_id,
            "version": 1,
            "family": "clawdbot",
            "channel": "telegram",
            "title": said[0].text,
            "created_at": said[0].at,
            "last_activity_at": said[-1].at,
            "message_count": len(said),
        }
        yield cast(Session, _whole(SESSIONS, stated))


def session_of(turn: Turn) -> str:
    """The id of the session in which a turn was said."""
    return f"conversation-{turn.conversation}-session-{turn.session}"


def _whole(topic: Topic, stated: Mapping[str, Any]) -> dict[str, Any]:
    """A record of a topic in which all that is not stated is empty."""
    fields = load_schema(topic.schema)["fields"]
    return {each["name"]: stated[each["name"]] if each["name"] in stated else _empty(each) for each in fields}


def _empty(field: Mapping[str, Any]) -> Any:
    return field["default"] if "default" in field else _EMPTY[field["type"]]


async def _embedded(
    settings: Settings, messages: Sequence[SearchableMessage], *, bare: bool
) -> tuple[list[Output], str]:
    embedder = open_embedder(settings)
    planner = Planner(embedder.max_tokens, embedder.count_tokens)
    placed: list[Incoming] = list(enumerate(messages, 1))
    plans = planner.plans(Rows({}, embedder.dimensions), placed)
    texts = [text for plan in plans.found.values() for text in (_bare_texts(plan) if bare else plan.texts())]
    made = iter(await embedder.embed_documents(texts))
    vectors = {position: [next(made) for _ in plan.passages] for position, plan in plans.found.items()}
    await embedder.close()
    # A turn that is folded by itself has none before it. Nor has its session others: only messages are asked for.
    batches = [[each] for each in placed] if bare else [placed]
    folds = [Fold(Rows({}, embedder.dimensions), embedder.space).changes(batch, plans, vectors) for batch in batches]
    return [output for changes in folds for output in changes.outputs], embedder.space


def _bare_texts(plan: Plan) -> Iterator[str]:
    """The passages without who speaks."""
    return (plan.message["text"][passage.start : passage.end] for passage in plan.passages)


def _actions(
    settings: Settings, turns: Sequence[Turn], messages: Sequence[SearchableMessage], outputs: Sequence[Output]
) -> Iterator[dict[str, Any]]:
    alias = settings.opensearch.alias
    of_messages = (document(MESSAGES.name, cast(Mapping[str, Any], each)) for each in messages)
    of_sessions = (document(SESSIONS.name, cast(Mapping[str, Any], each)) for each in sessions_of(turns))
    for stored in chain(of_sessions, of_messages):
        yield {"_index": alias(stored.dataset), "_id": stored.id, "_source": stored.body}
    for output in outputs:
        record = output.record
        dataset = dataset_in(record["space"], _DATASETS[output.topic.name])
        facts = {name: value for name, value in record.items() if value is not None}
        vector = list(decode_vector(record["vector"]))
        name = record.get("chunk_id", record["session_id"])
        yield {"_index": alias(dataset), "_id": name, "_source": facts | {"vector": vector}}
