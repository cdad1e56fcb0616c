"""Data folders as each format has them, kept for ever: `python -m tests.data_folders` adds that of the present one.

What is in them is what `written` says; a folder is written once, with the release that begins its format.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from infra.stack.state import StackState
from infra.workers import WorkerRecord, save_records
from producers.clawdbot.checkpoints import Checkpoint, CheckpointStore, Stamp
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, LastRow
from producers.spool.folders import spool_root
from producers.spool.spool import Spool
from producers.transcript import Transcript, TranscriptSource
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from sessiontrack.data_folder import FORMAT, claim_data_folder
from sessiontrack.settings import STACK_FILE

FOLDERS = Path(__file__).parent / "cases" / "data-folders"
_TRANSCRIPT = Transcript(TranscriptSource(session_id="s"))
EVENT: SessionEvent = _TRANSCRIPT.append(b'{"type":"label","id":"00000001"}\n', captured_at=1)
CHECKPOINT = Checkpoint(
    path=Path("/clawdbot/s.jsonl"),
    session_id="s",
    agent_id="main",
    stamp=Stamp(1, 2**63 + 2, 3, 4),
    position=_TRANSCRIPT.position,
    torn_position=_TRANSCRIPT.position,
    headed=True,
    context_ids=("a", "b"),
)
GENERATION = GenerationCheckpoint(
    key=GenerationKey(Path("/openclaw/agent.sqlite"), "s", "archive"),
    position=_TRANSCRIPT.position,
    stamp=(1, "two", None),
    last_row=LastRow.of(1, b"{}\n"),
    headed=True,
    context_ids=("c",),
)
STATE = StackState(
    stack_id="abcdefghijklmnopqrstuv", object_store="minio", ports={"kafka": 20001}, secrets={"postgres": "word"}
)
WORKERS = {"streams": WorkerRecord(name="streams", pid=2, started=1.5, log=Path("/logs/s.log"), telemetry_port=20002)}
STACK: dict[str, Any] = {"stack_id": STATE.stack_id, "settings": {"kafka": {"bootstrap_servers": "127.0.0.1:20001"}}}


def write_folder(folder: Path) -> None:
    """Writes a data folder of the present format."""
    claim_data_folder(folder)
    with closing(CheckpointStore(folder / "capture")) as store:
        store.save([CHECKPOINT, GENERATION])
    schema = load_schema(EVENTS.schema)
    with closing(Spool(spool_root(folder), json.dumps(schema).encode(), 2**30, 0)) as spool:
        spool.append([Encoder(EVENTS.schema, 0).encode(EVENT)])
    (folder / "servers").mkdir()
    STATE.save(folder / "servers" / "state.json")
    save_records(folder, WORKERS)
    (folder / STACK_FILE).write_text(json.dumps(STACK))


if __name__ == "__main__":
    if not (FOLDERS / str(FORMAT)).exists():
        write_folder(FOLDERS / str(FORMAT))
