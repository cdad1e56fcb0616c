"""What every topic must hold."""

from __future__ import annotations

import pytest

from schemas.avro import load_schema
from schemas.topics import PARTITIONS, TOPICS, Topic


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_bounded_and_has_a_schema(topic: Topic) -> None:
    assert topic.partitions == PARTITIONS == 12
    assert load_schema(topic.schema)["name"]
    assert "compact" in topic.config["cleanup.policy"] or int(topic.config["retention.ms"]) > 0
