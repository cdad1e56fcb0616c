"""The API is what its description and its page say: random requests, and every command of docs/api.md."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.stack.pipeline import Pipeline
from tests.stack.serving import serving
from tests.stack.waiting import PATIENCE_S, reaped

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# A command of the page, with the lines that it goes on with inside its quotes.
COMMANDS = re.findall(r"^    (curl (?:[^'\n]|'[^']*')*?)(?: +#.*)?$", PAGE.read_text("utf-8"), re.MULTILINE)
# A live stream never ends: tests/stack/test_api.py reads those. A task rebuilds the stores that other tests look at:
# tests/stack/test_operations.py runs those.
DESCRIBED: Any = schemathesis.openapi.from_path(PAGE.with_name("openapi.yaml")).exclude(tag=["live", "tasks"])
OPERATIONS = [each.ok() for each in DESCRIBED.get_all_operations()]
# Of each of them: a minute in all, about, on an idle machine.
EXAMPLES = 10


@pytest.fixture(scope="module")
def address(pipeline: Pipeline) -> Iterator[str]:
    """Where the API of the pipeline is."""
    with serving(pipeline) as (address, _):
        yield address


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_random_requests_are_answered_as_described(address: str, captured: str, operation: Any) -> None:
    @given(operation.as_strategy())
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=address, checks=CHECKS, timeout=PATIENCE_S)

    ask()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_s_commands_do_what_they_say(address: str, captured: str, command: str, tmp_path: Path) -> None:
    environment = os.environ | {"API": address, "SESSION": captured}
    with reaped(
        subprocess.Popen(["bash", "-c", f"exec {command}"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE)
    ) as process:
        assert process.stdout is not None
        if "/live" in command and "health" not in command:
            with process.stdout:
                assert b"event: ready\n" in {process.stdout.readline() for _ in range(4)}
        else:
            told, _ = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0
            assert told or (tmp_path / "transcript.jsonl").stat().st_size


def test_there_are_commands_to_try() -> None:
    assert len(COMMANDS) >= 15
