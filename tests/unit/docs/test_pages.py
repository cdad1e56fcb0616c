"""The pages for subscribers and analysts say what is there, and leave nothing out."""

from __future__ import annotations

import pytest

from consumers.postgres.activity import ACTIVITY
from consumers.postgres.rows import TABLES, Relation
from docs.generate.fields import COMPUTED, columns, index_fields, topic_fields, topic_of
from docs.generate.pages import pages
from docs.generate.topics import retention
from infra.opensearch.setup import DATASETS
from schemas.guide import guide
from schemas.topics import DEAD_LETTERS, EVENTS, SESSIONS, TOPICS, Topic


def test_what_is_committed_is_what_is_generated() -> None:
    stale = [path.name for path, text in pages() if path.read_text("utf-8") != text]
    assert stale == [], "run `make format`"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_subscriber_is_told_all_of_a_topic(topic: Topic) -> None:
    assert all(vars(guide(topic)).values())
    assert [field.path for field in topic_fields(topic) if not field.meaning] == []


@pytest.mark.parametrize("table", [*TABLES, ACTIVITY], ids=lambda table: table.name)
def test_every_column_is_described(table: Relation) -> None:
    assert [column.path for column in columns(table) if not column.meaning] == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_field_of_an_index_is_described_and_comes_from_somewhere(dataset: str) -> None:
    fields = index_fields(dataset)
    assert [field.path for field in fields if not field.meaning] == []
    known = {field.path for field in topic_fields(topic_of(dataset))}
    unknown = {field.path for field in fields if field.path.split(".")[0] not in known}
    assert unknown <= COMPUTED[dataset].keys(), "say in COMPUTED what it is made of"
    assert COMPUTED[dataset].keys() <= {field.path for field in fields}


def test_personal_fields_stay_marked_wherever_they_go() -> None:
    marked = {field.path for dataset in DATASETS for field in index_fields(dataset) if field.personal}
    assert {"participants", "participant_ids", "text", "arguments", "title"} <= marked
    assert not {"participant_count", "session_id", "cost_usd", "model"} & marked
    assert {column.path for column in columns(TABLES[0]) if column.personal} == {"body"}


def test_fields_inside_others_are_found() -> None:
    paths = {field.path for field in topic_fields(EVENTS)}
    assert {"payload.message.content[].text", "payload.reference.sha256", "source.brand"} <= paths


def test_how_long_a_topic_is_kept_follows_from_its_configuration() -> None:
    assert retention(EVENTS) == "90 days or 4 GiB in each partition, whichever comes first; not compacted."
    assert retention(SESSIONS) == (
        "90 days; tombstones 7 days after compaction; compacted to the latest record of each key."
    )
    assert retention(DEAD_LETTERS) == "without end; compacted to the latest record of each key."
