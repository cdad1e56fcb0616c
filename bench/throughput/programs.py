"""What is measured: our workers, parts of them, and the programs of Quix Streams beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.throughput.processes import Program
from infra.workers import PIPELINE
from queries.lag import READS
from schemas.topics import EVENTS, MESSAGES, Topic
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

QUIX = Path(__file__).parent.parent / "quix"
QUIX_GROUP = "bench-quix"
WORKERS = PIPELINE
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
# Its sinks write what each partition has at a checkpoint: with so many records between two of them, a write is as large
# as one of ours.
_PARTITIONS_OF_A_CHECKPOINT = EVENTS.partitions


def worker(name: str) -> Program:
    """A worker as it is run in earnest."""
    argv = (str(SESSIONTRACK), "run", name, "--health-port", "0")
    return Program(name, argv, f"sessiontrack.{name}", tuple(topic.name for topic in READS[name]))


def one_topic(sink: str, topic: Topic) -> Program:
    """A sink that reads one of its topics only, to be set beside a program that reads that topic."""
    argv = (sys.executable, "-m", "bench.throughput.one_topic", sink, topic.name)
    return Program(f"{sink} from {topic.schema}", argv, f"sessiontrack.{sink}-alone", (topic.name,))


def streams_part(part: str) -> Program:
    """The streams worker as far as a part: `faust`, `decode` or `fold`."""
    argv = (sys.executable, "-m", "bench.throughput.streams_parts", part)
    return Program(f"streams, {part} only", argv, "sessiontrack.streams", (EVENTS.name,))


def quix(settings: Settings, program: str, records: int) -> Program:
    """A program of Quix Streams: `postgres`, `opensearch` or `fold`.

    Args:
        settings: Of the stack.
        program: Which; a file in `bench/quix`.
        records: After so many it stops, and writes what it holds back.
    """
    topic = MESSAGES if program == "opensearch" else EVENTS
    group = f"{QUIX_GROUP}-{program}"
    configuration = {
        "brokers": settings.kafka.bootstrap_servers,
        "registry": settings.registry.url,
        "topic": topic.name,
        "group": group,
        "records": records,
        "commit_every": settings.sink.batch_records * _PARTITIONS_OF_A_CHECKPOINT,
        "state_dir": str(quix_state(settings)),
        "postgres": {
            "host": settings.postgres.host,
            "port": settings.postgres.port,
            "dbname": settings.postgres.database,
            "user": settings.postgres.user,
            "password": settings.postgres.password.get_secret_value(),
        },
        "opensearch": settings.opensearch.url,
        "index": settings.opensearch.alias("messages"),
    }
    argv = (str(_python(settings)), str(QUIX / f"{program}.py"))
    return Program(f"quix {program}", argv, group, (topic.name,), {"QUIX_BENCH": json.dumps(configuration)})


def quix_state(settings: Settings) -> Path:
    """Where Quix Streams keeps its state."""
    return settings.data_dir / "throughput" / "quix-state"


def install_quix(settings: Settings) -> None:
    """Makes the environment of Quix Streams, whose dependencies contradict ours, from its lock.

    Raises:
        UnavailableError: It can't be installed.
    """
    uv = Path(sys.executable).with_name("uv")
    python = _python(settings)
    if not python.exists():
        _run(uv, "venv", "--quiet", "--python", sys.executable, python.parent.parent)
    _run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, QUIX / "requirements.lock")


def _python(settings: Settings) -> Path:
    return settings.data_dir / "throughput" / "quix-venv" / "bin" / "python"


def _run(*command: str | Path) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise UnavailableError(f"Quix Streams can't be installed: {reason}", hint="Is uv in the environment?") from None
