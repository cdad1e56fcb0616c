"""A store that is made anew is the store that was there, whatever happens meanwhile. On a stack whose Kafka may go."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from opensearchpy import OpenSearch
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from bench.corpus import append_line, generate, live_session
from cli.exits import Exit
from consumers.archive.objects import ObjectStore
from consumers.postgres.activity import ACTIVITY
from consumers.postgres.digests import digest
from consumers.postgres.rows import TABLES
from consumers.postgres_vectors.tables import tables_in
from infra.opensearch.generations import block_writes, live_generation
from infra.opensearch.setup import DATASETS, MODEL_CALLS
from infra.opensearch.vectors import drop_space
from infra.stack.stack import SERVERS, NativeStack
from infra.stack.state import load_state, new_stack_id
from infra.workers import start_workers, stop_workers
from operations.rebuild.plan import Plan, claimed, present_revisions
from queries.export import export, generations
from queries.opensearch import fetch_documents
from queries.postgres import connected, stored_rows
from queries.verify.expected import document_digest
from sessiontrack.settings import EmbeddingSettings, Settings
from tests.stack.conftest import running_stack
from tests.stack.embedding import gemini
from tests.stack.pipeline import Pipeline, differences, is_initialised, running_pipeline
from tests.stack.waiting import wait_until
from tests.unit.sessiontrack.providers.model_server import serve_models

KILLS = 10
# A rebuild of so little takes about as long.
LONGEST_LIFE_S = 3.0
STORES = ("postgres", "opensearch")
VECTOR_WORKERS = ("embed", "opensearch-vectors", "postgres-vectors")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with some sessions."""
    folder = tmp_path_factory.mktemp("corpus") / "state"
    generate(folder, 24, seed=3)
    return folder


@pytest.fixture(scope="module")
def house(root: Path) -> Iterator[Pipeline]:
    """A pipeline that has captured them."""
    with running_stack() as (_, settings), running_pipeline(settings) as pipeline:
        pipeline.capture(root)
        assert not differences(pipeline.verify())
        yield pipeline


def contents(settings: Settings) -> dict[str, Any]:
    """All that PostgreSQL and OpenSearch hold, bit for bit."""
    with connected(settings) as connection:
        rows = {table.name: [digest(row) for row in stored_rows(connection, table)] for table in (*TABLES, ACTIVITY)}
    documents = {
        dataset: {
            found.id: (found.version, document_digest(found.source)) for found in fetch_documents(settings, dataset)
        }
        for dataset in DATASETS
    }
    return {**rows, **{f"{dataset} documents": found for dataset, found in documents.items()}}


def hits(client: OpenSearch, settings: Settings) -> int:
    """Messages and replies of models that a search finds now."""
    aliases = [settings.opensearch.alias(name) for name in (*DATASETS, MODEL_CALLS)]
    return sum(client.count(index=alias)["count"] for alias in aliases)


def rows(connection: psycopg.Connection[Any]) -> int:
    """Rows that queries find now, of all tables."""
    counts = [connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() for table in TABLES]
    return sum(count for (count,) in filter(None, counts))


@contextmanager
def polling(settings: Settings) -> Iterator[dict[str, list[int]]]:
    """How much a reader finds in each store, again and again."""
    found: dict[str, list[int]] = {store: [] for store in STORES}
    stop = threading.Event()

    def poll(store: str, look: Callable[[], int]) -> None:
        while not stop.is_set():
            found[store].append(look())

    with (
        OpenSearch(hosts=[settings.opensearch.url]) as client,
        psycopg.connect(settings.postgres.dsn, autocommit=True) as connection,
        ThreadPoolExecutor() as pool,
    ):
        readers = [
            pool.submit(poll, "postgres", lambda: rows(connection)),
            pool.submit(poll, "opensearch", lambda: hits(client, settings)),
        ]
        try:
            yield found
        finally:
            stop.set()
        for reader in readers:
            reader.result()


def indexes(settings: Settings) -> set[str]:
    with OpenSearch(hosts=[settings.opensearch.url]) as client:
        return set(client.indices.get(index=f"{settings.opensearch.index_prefix}-*"))


def objects(settings: Settings) -> dict[str, bytes]:
    """Every object of the archive."""
    store = ObjectStore(settings.s3)
    try:
        return {key: store.get(key) for key in store.keys("archive/")}
    finally:
        store.close()


@pytest.mark.parametrize("store", STORES)
def test_it_is_the_same_bit_for_bit(store: str, house: Pipeline) -> None:
    before = contents(house.settings)
    assert all(before.values())
    summary = house.json("rebuild", store, "--from", "archive")
    assert summary["origin"] == "archive"
    assert summary["progress"]["read"] > 0
    assert contents(house.settings) == before


def kill_and_finish(house: Pipeline, store: str, moments: random.Random) -> None:
    """A rebuild that is killed at random moments, begun anew where it was faster, and ends in the end."""
    plan = house.settings.data_dir / "rebuild" / store / "plan.json"
    killed = 0
    while killed < KILLS:
        process = house.start("rebuild", store, "--from", "archive")
        try:
            wait_until(lambda process=process: plan.exists() or process.poll() is not None, "a plan")  # type: ignore[misc]
            with suppress(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0, LONGEST_LIFE_S))
        finally:
            process.kill()
            killed += process.wait() != Exit.OK
    assert house.run("rebuild", store).returncode == Exit.OK


def test_killed_at_any_moment_it_ends_right_and_a_reader_never_finds_less(house: Pipeline) -> None:
    before, old = contents(house.settings), indexes(house.settings)
    # Both at once: neither waits for the other, and the machine is busy.
    with polling(house.settings) as found, ThreadPoolExecutor() as pool:
        for done in [pool.submit(kill_and_finish, house, store, random.Random(store)) for store in STORES]:
            done.result()
    for store in STORES:
        assert len(found[store]) > KILLS
        assert min(found[store]) == found[store][0] == found[store][-1]
    assert contents(house.settings) == before
    assert len(indexes(house.settings)) == len(old)


def test_a_swap_that_was_killed_does_not_keep_the_worker_waiting(house: Pipeline, tmp_path: Path) -> None:
    settings = house.settings
    with OpenSearch(hosts=[settings.opensearch.url]) as client:
        live = live_generation(client, settings.opensearch)
        with claimed(settings.data_dir, "opensearch") as folder:
            folder.save(Plan("archive", present_revisions(), {"indexes": {}, "old": live}))
            block_writes(client, live.values())
            generate(tmp_path / "state", 2, seed=11)
            house.capture(tmp_path / "state")
            # As long as its process lives, what it keeps out stays out.
            wait_until(lambda: house.worker("opensearch").health.startswith("waits for"), "a worker that waits")
        assert not differences(house.verify())
    assert house.run("rebuild", "opensearch", "--abandon").returncode == Exit.OK


def test_live_events_are_in_the_new_store(house: Pipeline, tmp_path: Path) -> None:
    generate(tmp_path / "state", 12, seed=4)
    for store in STORES:
        capturing = house.start("capture", "--root", tmp_path / "state", "--once")
        assert house.run("rebuild", store).returncode == Exit.OK
        assert capturing.wait() == Exit.OK
        house.forget_checkpoints()
    assert not differences(house.verify())


def test_what_was_damaged_since_a_time_is_written_again_in_place(house: Pipeline) -> None:
    before, old = contents(house.settings), indexes(house.settings)
    with psycopg.connect(house.settings.postgres.dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM messages WHERE message_id IN (SELECT message_id FROM messages LIMIT 20)")
        connection.execute("UPDATE events SET agent_id = 'another'")
        connection.execute("UPDATE sessions SET total_tokens = 1")
    altered = next(fetch_documents(house.settings, "messages"))
    with OpenSearch(hosts=[house.settings.opensearch.url]) as client:
        client.index(
            index=house.settings.opensearch.alias("messages"),
            id=altered.id,
            body={**altered.source, "text": "something else"},
            params={"version": altered.version, "version_type": "external_gte"},
        )
    assert contents(house.settings) != before
    for store in STORES:
        assert house.run("rebuild", store, "--since", "1d").returncode == Exit.OK
    assert contents(house.settings) == before
    assert indexes(house.settings) == old


def test_one_that_is_given_up_leaves_nothing(house: Pipeline) -> None:
    before, old = contents(house.settings), indexes(house.settings)
    for store in STORES:
        plan = house.settings.data_dir / "rebuild" / store / "plan.json"
        process = house.start("rebuild", store)
        wait_until(plan.exists, "a plan")
        process.kill()
        process.wait()
        assert house.run("rebuild", store, "--abandon").returncode == Exit.OK
        assert not plan.exists()
    assert indexes(house.settings) == old
    with psycopg.connect(house.settings.postgres.dsn) as connection:
        left = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%_rebuild'").fetchone()
    assert left == (0,)
    assert contents(house.settings) == before


def test_the_old_one_can_be_kept_and_rights_are(house: Pipeline) -> None:
    with psycopg.connect(house.settings.postgres.dsn, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON messages TO PUBLIC")
        assert house.run("rebuild", "postgres", "--keep-old").returncode == Exit.OK
        kept = connection.execute("SELECT count(*) FROM public_previous.messages").fetchone()
        assert kept == connection.execute("SELECT count(*) FROM messages").fetchone()
        rights = (
            "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_name = %s"
        )
        assert connection.execute(f"{rights} AND table_schema = 'public'", ["messages"]).fetchone() == (1,)
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public_previous CASCADE")
    with OpenSearch(hosts=[house.settings.opensearch.url]) as client:
        old = live_generation(client, house.settings.opensearch)
        assert house.run("rebuild", "opensearch", "--keep-old").returncode == Exit.OK
        new = live_generation(client, house.settings.opensearch)
        assert not set(old.values()) & set(new.values())
        for dataset in DATASETS:
            assert client.count(index=old[dataset])["count"] == client.count(index=new[dataset])["count"]
            client.indices.delete(index=old[dataset])


def test_who_reads_several_tables_is_waited_for(house: Pipeline) -> None:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
    dsn = house.settings.postgres.dsn
    with psycopg.connect(dsn) as reader, psycopg.connect(dsn, autocommit=True) as watcher:
        found = [reader.execute(f"SELECT count(*) FROM {TABLES[-1].name}").fetchone()]
        rebuilding = house.start("rebuild", "postgres")
        wait_until(lambda: watcher.execute(waiting).fetchone() is not None, "a swap that waits")
        found += [reader.execute(f"SELECT count(*) FROM {table.name}").fetchone() for table in reversed(TABLES)]
        reader.commit()
        assert rebuilding.wait() == Exit.OK
        # It is of the tables that were there: the swap came after it.
        assert found[0] == found[1] == reader.execute(f"SELECT count(*) FROM {TABLES[-1].name}").fetchone()


def lose_all_but_the_archive(settings: Settings) -> None:
    """Starts all servers anew, with other ids, as on another machine; only what the object store holds is there."""
    stack = NativeStack(settings)
    stack.down()
    for server in SERVERS:
        shutil.rmtree(stack.layout.servers_dir / server.name)
    state = load_state(stack.layout.state_file)
    assert state
    state.stack_id = new_stack_id()
    state.save(stack.layout.state_file)
    stack.up()


def exported(settings: Settings, session_ids: list[str]) -> dict[tuple[str, int], bytes]:
    return {
        (session_id, generation.number): b"".join(export(settings, session_id, generation.number))
        for session_id in session_ids
        for generation in generations(settings, session_id)
    }


def test_of_the_archive_alone_everything_is_there_again_and_captures_go_on(house: Pipeline, root: Path) -> None:
    settings = house.settings
    transcripts = root / "agents" / "main" / "sessions"
    growing = {transcripts / f"{uuid4()}.jsonl": seed for seed in range(2)}
    lines = {path: live_session(path, seed=seed) for path, seed in growing.items()}
    grow(lines, 20)
    house.capture(root)
    assert not differences(house.verify())
    session_ids = [row["session_id"] for row in house.json("sessions", "--limit", "1000")["sessions"]]
    before, archived, exports = contents(settings), objects(settings), exported(settings, session_ids)

    stop_workers(settings)
    lose_all_but_the_archive(settings)
    wait_until(lambda: is_initialised(settings), "topics, schemas, tables and indexes")
    start_workers(settings)
    for store in STORES:
        house.json("rebuild", store)
    assert contents(settings) == before
    assert house.run("rebuild", "postgres", "--from", "log").returncode == Exit.USAGE

    # The checkpoints are there still: of the old lines not all are sent again.
    grow(lines, 15)
    house.capture(root)
    house.json("rebuild", "streams")
    report = house.verify()
    assert not differences(report)
    assert report.sessions == len(session_ids)
    grown = {path.stem: path.read_bytes() for path in lines}
    after = exported(settings, session_ids)
    assert {key: after[key] for key in exports if key[0] not in grown} == {
        key: content for key, content in exports.items() if key[0] not in grown
    }
    for session_id, content in grown.items():
        assert content in [after[key] for key in after if key[0] == session_id]
    assert archived.items() <= objects(settings).items()

    sent = report.records
    house.json("rebuild", "streams", "--from", "archive")
    assert house.verify().records == sent
    for store in STORES:
        assert house.json("rebuild", store, "--from", "archive")["origin"] == "archive"
    report = house.verify(full=True)
    assert not differences(report)
    assert archived.items() <= objects(settings).items()


def grow(lines: dict[Path, Iterator[bytes]], count: int) -> None:
    """Appends so many lines to each transcript."""
    for path, of_session in lines.items():
        for line in islice(of_session, count):
            append_line(path, line)


def test_vectors_that_were_lost_are_there_again_and_nothing_is_sent_to_the_provider_twice(
    house: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_models() as models, stopped_afterwards(house.settings):
        chosen = EmbeddingSettings(enabled=True, **gemini(models))
        for name, value in chosen.model_dump(exclude_unset=True).items():
            stated = value.get_secret_value() if isinstance(value, SecretStr) else value
            monkeypatch.setenv(f"SESSIONTRACK_EMBEDDING__{name.upper()}", str(stated))
        settings = house.settings.model_copy(update={"embedding": chosen})
        assert house.run("rebuild", "opensearch", "--again").returncode == Exit.USAGE
        stop_workers(settings, VECTOR_WORKERS)
        start_workers(settings, VECTOR_WORKERS)
        embedded = house.json("rebuild", "embeddings")
        assert min(embedded["messages"].values()) > 0
        asked = len(models.calls)

        lose_vectors(settings, embedded["space"])
        again = house.json("rebuild", "embeddings", "--again")
        assert (again["space"], again["messages"]) == (embedded["space"], embedded["messages"])
        assert len(models.calls) == asked
        assert Pipeline(settings).worker("embed").state == "running"


@contextmanager
def stopped_afterwards(settings: Settings) -> Iterator[None]:
    """Stops the workers of vectors at the end: the provider is gone then."""
    try:
        yield
    finally:
        stop_workers(settings, VECTOR_WORKERS)


def lose_vectors(settings: Settings, space: str) -> None:
    """Loses the vectors of a space in OpenSearch with their indexes, and in PostgreSQL."""
    with OpenSearch(hosts=[settings.opensearch.url]) as client:
        drop_space(client, settings.opensearch, space)
    with psycopg.connect(settings.postgres.dsn) as connection:
        for table in tables_in(space):
            connection.execute(SQL("TRUNCATE {}").format(Identifier(table.name)))
