"""What is derived of real transcripts is what was found in them by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.derive import derive
from tests.samples import CASES, events_of, expected_facts, facts_in, state_folder


@pytest.mark.parametrize(("folder", "session_id"), CASES)
async def test_the_facts_of_a_session(folder: str, session_id: str, tmp_path: Path) -> None:
    events = await events_of(state_folder(folder, tmp_path))
    expected = expected_facts(folder, session_id)
    assert facts_in(derive(events).sessions[session_id], expected) == expected
