from __future__ import annotations

from pathlib import Path

import pytest

from producers.clawdbot.checkpoints import CheckpointStore
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, LastRow
from producers.transcript import Transcript, TranscriptSource
from tests.unit.producers.clawdbot.writing import SESSION, header

KEY = GenerationKey(Path("/state/agents/main/agent/openclaw-agent.sqlite"), SESSION)


@pytest.fixture
def checkpoint() -> GenerationCheckpoint:
    transcript = Transcript(TranscriptSource(session_id=SESSION))
    transcript.append(header(), captured_at=0)
    return GenerationCheckpoint(
        key=KEY,
        position=transcript.position,
        stamp=(0, 17, "generation", None),
        last_row=LastRow.of(0, header()),
        headed=True,
        context_ids=("a", "b"),
    )


def test_what_is_saved_is_loaded_and_what_is_forgotten_is_not(tmp_path: Path, checkpoint: GenerationCheckpoint) -> None:
    archive = GenerationCheckpoint.first(KEY._replace(archive="session_transcript_archives:1"))
    store = CheckpointStore(tmp_path)
    store.save([checkpoint, archive])
    store.close()
    store = CheckpointStore(tmp_path)
    assert store.load_generations() == {KEY: checkpoint, archive.key: archive}
    assert store.load() == {}
    store.save([], forget=[archive.key])
    assert store.load_generations() == {KEY: checkpoint}
    store.close()


def test_a_checkpoint_covers_only_what_looks_just_so(checkpoint: GenerationCheckpoint) -> None:
    assert checkpoint.covers(checkpoint.stamp, 1)
    assert not checkpoint.covers(checkpoint.stamp, 2)
    assert not checkpoint.covers((0, 18, "generation", None), 1)
    assert checkpoint.looks_as_read(lambda session_id, seq: header())
    assert not checkpoint.looks_as_read(lambda session_id, seq: None)
