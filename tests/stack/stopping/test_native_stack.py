"""Starting, stopping, killing and refusing."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket

import httpx
import psycopg
import pytest
import urllib3
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from minio import Minio

from infra.stack.ports import is_free
from infra.stack.stack import NativeStack
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings
from tests.stack.waiting import PATIENCE_S, wait_until

NAME = "kept"
VALUE = b"kept"
SUBJECT = "/subjects/kept-value/versions"
SCHEMA = '{"type": "record", "name": "Kept", "fields": [{"name": "value", "type": "string"}]}'
INCOMPATIBLE = '{"type": "record", "name": "Kept", "fields": [{"name": "number", "type": "int"}]}'


@pytest.fixture(scope="module")
def stack(own_stack: tuple[NativeStack, Settings]) -> NativeStack:
    stack, settings = own_stack
    asyncio.run(fill_kafka(settings))
    fill_stores(settings)
    return stack


async def fill_kafka(settings: Settings) -> None:
    servers = settings.kafka.bootstrap_servers
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(NAME, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await producer.send_and_wait(NAME, VALUE, partition=0)


def fill_stores(settings: Settings) -> None:
    document = {"value": VALUE.decode()}
    with httpx.Client(timeout=PATIENCE_S) as web:
        web.post(settings.registry.url + SUBJECT, json={"schema": SCHEMA}).raise_for_status()
        web.put(f"{settings.opensearch.url}/{NAME}").raise_for_status()
        web.put(f"{settings.opensearch.url}/{NAME}/_doc/1?refresh=true", json=document).raise_for_status()
    with psycopg.connect(settings.postgres.dsn) as connection:
        connection.execute("CREATE TABLE kept (value bytea, embedding vector(3))")
        connection.execute("INSERT INTO kept VALUES (%s, '[1,2,3]')", [VALUE])
    with urllib3.PoolManager() as http:
        client = object_store(settings, http)
        client.make_bucket(NAME)
        client.put_object(NAME, NAME, io.BytesIO(VALUE), len(VALUE))


async def read_kafka(settings: Settings) -> bytes:
    partition = TopicPartition(NAME, 0)
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        async with asyncio.timeout(PATIENCE_S):
            return bytes((await consumer.getone()).value)


def read_stores(settings: Settings) -> dict[str, object]:
    with psycopg.connect(settings.postgres.dsn) as connection:
        row = connection.execute("SELECT value, embedding::text FROM kept").fetchall()
    with urllib3.PoolManager() as http:
        stored = object_store(settings, http).get_object(NAME, NAME).read()
    with httpx.Client(timeout=PATIENCE_S) as web:
        return {
            "schema": web.get(settings.registry.url + SUBJECT).json(),
            "refused": web.post(settings.registry.url + SUBJECT, json={"schema": INCOMPATIBLE}).status_code,
            "row": row,
            "document": web.get(f"{settings.opensearch.url}/{NAME}/_doc/1").json()["_source"],
            "object": stored,
        }


def object_store(settings: Settings, http: urllib3.PoolManager) -> Minio:
    s3 = settings.s3
    return Minio(s3.endpoint, s3.access_key, s3.secret_key.get_secret_value(), secure=s3.secure, http_client=http)


def assert_kept(stack: NativeStack) -> None:
    settings = Settings(data_dir=stack.settings.data_dir)
    assert asyncio.run(read_kafka(settings)) == VALUE
    assert read_stores(settings) == {
        "schema": [1],
        "refused": 409,
        "row": [(VALUE, "[1,2,3]")],
        "document": {"value": VALUE.decode()},
        "object": VALUE,
    }


def pids(stack: NativeStack) -> dict[str, int | None]:
    return {part.name: part.pid for part in stack.status()}


def test_second_up_leaves_running_servers_alone(stack: NativeStack) -> None:
    before = pids(stack)
    stack.up()
    assert pids(stack) == before
    assert_kept(stack)


def test_killed_servers_come_back_with_their_data_once_no_stranger_has_their_port(stack: NativeStack) -> None:
    before = pids(stack)
    port = Settings(data_dir=stack.settings.data_dir).postgres.port
    for pid in before.values():
        assert pid
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_free(port), f"a free port {port}")
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(UnavailableError, match=f"Port {port}.*postgres.*process {os.getpid()} "):
            stack.up()
        assert {part.name for part in stack.status() if part.state != "running"} == {"postgres"}
    stack.up()
    assert all(pid not in before.values() for pid in pids(stack).values())
    assert_kept(stack)
