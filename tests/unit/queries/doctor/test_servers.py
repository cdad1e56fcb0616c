from __future__ import annotations

from email.utils import formatdate

import pytest

from queries.doctor.servers import check_broker, check_object_store, check_registry, judge_clock, judge_topics
from schemas.topics import EVENTS, TOPICS
from sessiontrack.settings import Settings

PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}
CONFIGS = {topic.name: topic.config for topic in TOPICS}
NOW = 1_795_309_060.0


def test_topics_are_as_they_are_declared() -> None:
    assert judge_topics(PARTITIONS, CONFIGS).level == "ok"


def test_a_topic_that_is_missing_is_named() -> None:
    finding = judge_topics({name: count for name, count in PARTITIONS.items() if name != EVENTS.name}, CONFIGS)
    assert finding.level == "wrong"
    assert EVENTS.name in finding.found


def test_a_topic_with_other_partitions_is_wrong() -> None:
    finding = judge_topics({**PARTITIONS, EVENTS.name: 6}, CONFIGS)
    assert finding.level == "wrong"
    assert "6 partitions" in finding.found


def test_a_retention_that_was_changed_is_told_with_both_values() -> None:
    finding = judge_topics(PARTITIONS, {**CONFIGS, EVENTS.name: {**EVENTS.config, "retention.ms": "1"}})
    assert finding.level == "warning"
    assert "retention.ms=1" in finding.found
    assert EVENTS.config["retention.ms"] in finding.found


@pytest.mark.parametrize(
    ("skew", "level", "word"),
    [
        (0.0, "ok", "agrees"),
        (0.9, "ok", "agrees"),
        (10, "warning", "ahead"),
        (-10, "warning", "behind"),
        (90, "wrong", "ahead"),
    ],
)
def test_a_clock_that_is_off_is_told(skew: float, level: str, word: str) -> None:
    finding = judge_clock(formatdate(NOW, usegmt=True), NOW + skew)
    assert finding.level == level
    assert word in finding.found
    assert (finding.code == "clock_right") == (level == "ok")
    if level != "ok":
        assert float(finding.facts["skew_ms"]) == pytest.approx(skew * 1000, abs=1_000)


async def test_servers_that_are_away_are_findings(unused_tcp_port: int) -> None:
    away = f"127.0.0.1:{unused_tcp_port}"
    settings = Settings.model_validate(
        {
            "kafka": {"bootstrap_servers": away},
            "registry": {"url": f"http://{away}"},
            "s3": {"endpoint": away, "secret_key": "secret"},
        }
    )
    findings = [
        *await check_broker(settings),
        *await check_registry(settings),
        *await check_object_store(settings),
    ]
    assert [finding.level for finding in findings] == ["wrong"] * 3
    assert all(away in finding.found for finding in findings)
    assert not any("secret" in finding.found for finding in findings)


async def test_without_keys_large_lines_are_warned_of() -> None:
    (finding,) = await check_object_store(Settings.model_validate({"s3": {"secret_key": ""}}))
    assert finding.level == "warning"
    assert "512 KiB" in finding.found
