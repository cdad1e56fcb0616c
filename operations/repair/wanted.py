"""Which records a repair has to send again, and which it may delete. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from consumers.opensearch.documents import dataset_of
from consumers.postgres.rows import BY_NAME
from queries.verify import Difference
from queries.verify.sums import SUMS
from schemas.topics import DERIVED, SESSIONS


class RecordKey(NamedTuple):
    """A record of a topic, as a store knows it.

    Attributes:
        topic: Name of the topic.
        id: Its id.
    """

    topic: str
    id: str


class Wanted(NamedTuple):
    """What is to be done in one store.

    Attributes:
        send: Records that it lacks, or has otherwise.
        remove: Records that nothing asks for.
        sessions: Sessions whose events tell what is to be sent.
    """

    send: frozenset[RecordKey]
    remove: frozenset[RecordKey]
    sessions: frozenset[str]


_TOPICS = {dataset_of(topic.name): topic.name for topic in DERIVED}


def wanted(differences: Iterable[Difference], store: str) -> Wanted:
    """What is to be done in a store so that its differences go.

    What is there twice is removed and sent again, so what is surplus is asked for too: the log has the last word.

    Args:
        differences: Of all stores.
        store: `postgres` or `opensearch`.
    """
    # Sums are no records: nothing is sent for them.
    found = [each for each in differences if each.store == store and (each.store, each.dataset) != SUMS]
    surplus = [each for each in found if each.kind == "surplus"]
    return Wanted(
        send=frozenset(map(_key, found)),
        remove=frozenset(_key(each) for each in surplus if not _is_part(each)),
        sessions=frozenset(_sessions(found)),
    )


def _sessions(differences: Iterable[Difference]) -> Iterator[str]:
    for each in differences:
        if each.session_id is not None:
            yield each.session_id


def _key(difference: Difference) -> RecordKey:
    if difference.store == "opensearch":
        return RecordKey(_TOPICS[difference.dataset], difference.record_id)
    if _is_part(difference):
        return RecordKey(SESSIONS.name, difference.session_id or "")
    return RecordKey(BY_NAME[difference.dataset].topic.name, difference.record_id)


def _is_part(difference: Difference) -> bool:
    """Whether it is a row of many that a session's record has: they are written with it, and go with it."""
    return (difference.store, difference.dataset) == ("postgres", "model_usage")
