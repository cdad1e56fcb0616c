"""What is answered about workers, servers, dead letters and tasks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.models import Answer
from operations.tasks.request import TaskRequest


class WorkerHealth(Answer):
    """How a worker is; null is what can't be known from here."""

    worker: str = Field(examples=["postgres"])
    lag: int = Field(description="Records that it is not done with.", examples=[0])
    committed: int = Field(description="Records that it is done with, since its topics began.")
    records_per_second: float | None = Field(
        description="How fast it is since it was asked before; null the first time."
    )
    complete_until: str | None = Field(description="Every record up to this time is processed.")
    dead_letters: int | None = Field(description="How many records it set aside, that stand.", examples=[0])
    state: str | None = Field(description="running, restarting, dead or stopped.", examples=["running"])
    health: str | None = Field(description="What it says of itself.", examples=["ready"])
    oldest_unprocessed_s: float | None = Field(description="For how long its oldest record waits, seconds.")
    resident_bytes: int | None = Field(description="Its memory now.")
    peak_bytes: int | None = Field(description="The most memory that it ever had.")


class Workers(Answer):
    """How each worker is."""

    workers: list[WorkerHealth]


class Finding(Answer):
    """What was found of a server."""

    check: str = Field(description="What was looked at.", examples=["broker"])
    level: Literal["ok", "warning", "wrong"]
    found: str = Field(description="What is the case.")
    mend: str = Field(description="What mends it; empty where all is well.", examples=["sessiontrack up"])
    code: str = Field(description="Names what is the case, whatever the language.", examples=["answers"])
    facts: dict[str, str | int | float] = Field(
        description="What `found` states in numbers and names.", examples=[{"address": "127.0.0.1:9092"}]
    )


class Servers(Answer):
    """How the servers are, the topics, the clock and the disk."""

    findings: list[Finding]


class LetterFacts(Answer):
    """A record that a group set aside, without its bytes."""

    key: str = Field(description="Names it to redrive and discard.", examples=["sessiontrack.postgres/1"])
    group: str = Field(description="Consumer group that refused it.")
    worker: str = Field(description="The worker of that group.", examples=["postgres"])
    record_id: str
    topic: str
    partition: int
    offset: int
    stage: str = Field(description="Where it was refused.", examples=["write"])
    error_class: str
    reason: str = Field(description="What was wrong, without the record's contents.")
    first_failed_at: str
    failed_at: str
    tries: int
    size: int = Field(description="Length of its value, bytes.")
    discarded_at: str | None = Field(description="When it was given up; null while it stands.")


class Letters(Answer):
    """Dead letters, the latest refusal first."""

    letters: list[LetterFacts]
    total: int = Field(description="How many there are, also beyond the limit.")


class Original(Answer):
    """A dead letter with what its group refused. It may be personal: it goes to whoever asks, and nowhere else."""

    letter: LetterFacts
    key: str | None = Field(description="Key of the record; hexadecimal where it is no text.")
    headers: dict[str, str | None] = Field(description="Its headers, likewise.")
    record: Any = Field(description="Its value decoded; null where it does not decode.")
    undecodable: str | None = Field(description="Why it does not decode.")
    value_base64: str | None = Field(
        description="Its value as it was received, the first 64 KiB, where it does not decode."
    )


class TaskProblem(Answer):
    """Why a task failed."""

    detail: str
    hint: str | None = None


class TaskFacts(Answer):
    """A task, as it is now."""

    id: int = Field(description="From 1, in the order in which they were started since the server began.", examples=[1])
    request: TaskRequest = Field(description="What was asked for.")
    state: Literal["running", "done", "failed", "stopped"]
    started_at: str
    ended_at: str | None = Field(description="Null while it runs.")
    doing: str = Field(description="What it does now, or did last.", examples=["reading the log"])
    done: int | None = Field(description="Records that are done with, where they are counted.")
    left: int | None = Field(description="Records that are left, where they are counted.")
    result: dict[str, Any] | None = Field(description="What it came to.")
    problem: TaskProblem | None = Field(description="Why it failed.")


class TaskList(Answer):
    """The tasks since the server began, the latest first; 20 at most."""

    tasks: list[TaskFacts]
