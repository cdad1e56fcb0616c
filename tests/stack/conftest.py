"""The real servers that the tests below talk to: started once, or those of a stack that runs already."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from bench.corpus import generate
from infra.migrations import upgrade
from infra.stack.stack import NativeStack
from sessiontrack.settings import Settings
from tests.stack.pipeline import Pipeline, differences, running_pipeline

# Names the `data_dir` of a running stack to use instead of an own one; it is left running.
DATA_DIR_VARIABLE = "SESSIONTRACK_TEST_DATA_DIR"


@contextmanager
def temporary_data_dir() -> Iterator[Path]:
    """A folder that also the servers' user can enter, when the tests are run by root."""
    folder = Path(tempfile.mkdtemp(prefix="sessiontrack-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_stack() -> Iterator[tuple[NativeStack, Settings]]:
    """A stack of its own, stopped and removed at the end, also when it came up only in part."""
    with temporary_data_dir() as data_dir:
        stack = NativeStack(Settings(data_dir=data_dir))
        try:
            stack.up()
            yield stack, Settings(data_dir=data_dir)
        finally:
            stack.down()


@pytest.fixture(scope="session")
def stack_settings() -> Iterator[Settings]:
    """Settings of a running stack.

    It is shared by all tests, and may be one that a person works with: every test uses topics, indexes, tables and
    buckets with names of its own.
    """
    with pytest.MonkeyPatch.context() as env:
        # Embedding takes what is left of the processor; who tests it starts the worker.
        env.setenv("SESSIONTRACK_EMBEDDING__ENABLED", "false")
        if running := os.environ.get(DATA_DIR_VARIABLE):
            yield Settings(data_dir=Path(running))
            return
        with running_stack() as (_, settings):
            yield settings


@pytest.fixture(scope="module")
def database_settings(stack_settings: Settings) -> Iterator[Settings]:
    """Settings under which a module's connections find tables of its own: in a schema that goes at the end."""
    schema = f"test_{uuid4().hex}"
    with (
        psycopg.connect(stack_settings.postgres.dsn, autocommit=True) as connection,
        pytest.MonkeyPatch.context() as env,
    ):
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        # libpq adds these to every connection of this process and of its children.
        env.setenv("PGOPTIONS", f"-c search_path={schema}")
        try:
            upgrade(stack_settings)
            yield stack_settings
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


@pytest.fixture(scope="session")
def pipeline(stack_settings: Settings) -> Iterator[Pipeline]:
    """The whole pipeline on the stack: its topics, tables, indexes and bucket are the real ones."""
    with running_pipeline(stack_settings) as running:
        yield running


@pytest.fixture(scope="session")
def captured(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A captured session that has messages and tool calls, all of it in the stores."""
    folder = tmp_path_factory.mktemp("corpus") / "state"
    corpus = generate(folder, 12, seed=7)
    pipeline.capture(folder)
    session = max(corpus.sessions, key=lambda each: sum(each.messages.values()))
    assert not differences(pipeline.verify(session.session_id))
    return session.session_id
