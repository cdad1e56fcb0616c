"""Checks of the servers that a capture talks to: the broker, the schema registry, the object store."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import urllib3
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from minio.error import MinioException

from queries.doctor.finding import Finding, ok, warning, wrong
from schemas.avro import load_schema
from schemas.registry import CONTENT_TYPE
from schemas.topics import EVENTS, TOPICS, Topic
from sessiontrack.errors import UnavailableError
from sessiontrack.s3 import s3_client
from sessiontrack.settings import Settings

# A server in another town answers within a second.
_TIMEOUT_S = 3.0
# The Date header counts whole seconds.
_SKEW_MS = 2_000
# Beyond this, times of sessions on different hosts can't be put in order, and S3 refuses signatures from 15 minutes on.
_WRONG_SKEW_MS = 60_000
_UP = "sessiontrack up"
_UP_THERE = "sessiontrack up (on the machine of the stack)"


async def check_broker(settings: Settings) -> list[Finding]:
    """Whether the broker answers, and its topics are as they should be."""
    servers = settings.kafka.bootstrap_servers
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=int(_TIMEOUT_S * 1000))
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await admin.start()
            partitions, configs = await _topics(admin)
    except (KafkaError, OSError, TimeoutError) as error:
        return [_no_answer("broker", servers, error)]
    finally:
        await admin.close()
    return [ok("broker", f"{servers} answers", "answers", address=servers), judge_topics(partitions, configs)]


def judge_topics(partitions: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]) -> Finding:
    """Whether topics are there, with the partitions and the configuration that `schemas.topics` names.

    Args:
        partitions: How many each topic has that exists.
        configs: Configuration of each topic that exists.
    """
    missing = [topic.name for topic in TOPICS if topic.name not in partitions]
    if missing:
        return wrong("topics", f"missing: {', '.join(missing)}", _UP_THERE, "topics_missing", topics=", ".join(missing))
    resized = [topic for topic in TOPICS if partitions[topic.name] != topic.partitions]
    if resized:
        found = ", ".join(f"{topic.name} has {partitions[topic.name]} partitions" for topic in resized)
        mend = "set SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS to a Kafka that SessionTrack set up"
        names = ", ".join(topic.name for topic in resized)
        return wrong("topics", found, mend, "topics_resized", topics=names, partitions=EVENTS.partitions)
    changed = [difference for topic in TOPICS for difference in _differences(topic, configs[topic.name])]
    if changed:
        return warning("topics", "; ".join(changed), _UP_THERE, "topics_changed", differences="; ".join(changed))
    found = f"{len(TOPICS)} topics of {EVENTS.partitions} partitions"
    return ok("topics", found, "topics_right", topics=len(TOPICS), partitions=EVENTS.partitions)


async def check_registry(settings: Settings) -> list[Finding]:
    """Whether the registry answers and takes this version's events, and whether its clock agrees with ours."""
    url = settings.registry.url.rstrip("/")
    schema = {"schema": json.dumps(load_schema(EVENTS.schema))}
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, headers={"Accept": CONTENT_TYPE}) as client:
            asked_at = time.time()
            known = await client.post(f"{url}/subjects/{EVENTS.subject}", json=schema)
            answered_at = time.time()
            if known.is_success:
                number = known.json().get("id")
                found = f"{url} knows the schema of events as {number}"
                verdict = ok("registry", found, "schema_known", address=url, id=number)
            else:
                path = f"compatibility/subjects/{EVENTS.subject}/versions/latest"
                verdict = _judge_schema(url, await client.post(f"{url}/{path}", json=schema))
    except httpx.HTTPError as error:
        return [_no_answer("registry", url, error)]
    return [verdict, judge_clock(known.headers.get("date"), (asked_at + answered_at) / 2)]


def judge_clock(date: str | None, now: float) -> Finding:
    """Whether a server's `Date` header agrees with this machine's clock.

    Args:
        date: The header.
        now: This machine's time then, in epoch seconds.
    """
    if date is None:
        return ok("clock", "the registry does not tell its time", "clock_unknown")
    # The header's seconds are cut off, not rounded.
    skew_ms = (now - parsedate_to_datetime(date).timestamp() - 0.5) * 1000
    found = f"{abs(skew_ms) / 1000:.1f} s {'ahead of' if skew_ms > 0 else 'behind'} the registry's"
    mend = "sudo timedatectl set-ntp true (macOS: sudo sntp -sS time.apple.com), here and there"
    if abs(skew_ms) > _WRONG_SKEW_MS:
        return wrong("clock", found, mend, "clock_off", skew_ms=round(skew_ms))
    if abs(skew_ms) > _SKEW_MS:
        return warning("clock", found, mend, "clock_off", skew_ms=round(skew_ms))
    return ok("clock", "agrees with the registry's", "clock_right")


async def check_object_store(settings: Settings) -> list[Finding]:
    """Whether the bucket is there, which keeps lines that are too large for a topic."""
    return [await asyncio.to_thread(_object_store, settings)]


def _object_store(settings: Settings) -> Finding:
    s3 = settings.s3
    pool = urllib3.PoolManager(timeout=_TIMEOUT_S / 2, retries=False)
    try:
        there = s3_client(s3, pool).bucket_exists(s3.bucket)
    except UnavailableError:
        return warning(
            "object store",
            f"no keys: a session waits at its first line beyond {settings.capture.claim_bytes // 1024:,} KiB",
            "sessiontrack up, or set SESSIONTRACK_S3__ENDPOINT, …__ACCESS_KEY and …__SECRET_KEY",
            "no_keys",
            limit_bytes=settings.capture.claim_bytes,
        )
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        return _no_answer("object store", s3.endpoint, error)
    finally:
        pool.clear()
    if not there:
        found = f"{s3.endpoint} has no bucket {s3.bucket}"
        return wrong("object store", found, _UP_THERE, "bucket_missing", bucket=s3.bucket, address=s3.endpoint)
    found = f"bucket {s3.bucket} at {s3.endpoint}"
    return ok("object store", found, "bucket_there", bucket=s3.bucket, address=s3.endpoint)


def _judge_schema(url: str, answer: httpx.Response) -> Finding:
    if answer.status_code == httpx.codes.NOT_FOUND or (answer.is_success and answer.json().get("is_compatible")):
        found = f"{url} does not know this version's schema of events yet"
        return warning("registry", found, _UP_THERE, "schema_unknown", address=url)
    if answer.is_success:
        found = f"{url} holds a schema of events that is not compatible"
        mend = "in the clone: git pull, then install it again"
        return wrong("registry", found, mend, "schema_incompatible", address=url)
    found = f"{url} answers {answer.status_code}"
    mend = "set SESSIONTRACK_REGISTRY__URL"
    return wrong("registry", found, mend, "answers_status", address=url, status=answer.status_code)


def _no_answer(check: str, address: str, error: Exception) -> Finding:
    name = type(error).__name__
    return wrong(check, f"no answer from {address} ({name})", _UP, "no_answer", address=address, error=name)


def _differences(topic: Topic, config: Mapping[str, str]) -> list[str]:
    return [
        f"{topic.name} has {name}={config.get(name)}, not {value}"
        for name, value in topic.config.items()
        if config.get(name) != value
    ]


async def _topics(admin: Any) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
    existing = set(await admin.list_topics())
    names = [topic.name for topic in TOPICS if topic.name in existing]
    if not names:
        return {}, {}
    described = await admin.describe_topics(names)
    partitions = {each["topic"]: len(each["partitions"]) for each in described}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = {
        name: {entry[0]: entry[1] for entry in entries}
        for response in await admin.describe_configs(resources)
        for _, _, _, name, entries in response.resources
    }
    return partitions, configs
