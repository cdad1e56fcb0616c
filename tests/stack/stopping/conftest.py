"""A stack whose servers are killed and stopped: one for all tests here, and for none elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.stack.stack import NativeStack
from sessiontrack.settings import Settings
from tests.stack.conftest import running_stack


@pytest.fixture(scope="package")
def own_stack() -> Iterator[tuple[NativeStack, Settings]]:
    """The stack and its settings; each module leaves it running."""
    with running_stack() as (stack, settings):
        yield stack, settings
        stack.down()
        assert {part.state for part in stack.status()} == {"stopped"}
