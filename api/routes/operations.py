"""How everything runs, and what an operator does about it."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response

from api import models_operations as models
from api.answers import IfNoneMatch, tagged
from api.parameters import LetterParameters
from api.services import Services, ServicesOf
from operations.tasks.request import TaskRequest
from operations.tasks.running import Task, Tasks
from queries.dead_letters.letter import Letter, matching
from queries.dead_letters.original import Original, read_original
from queries.dead_letters.topic import read_standing
from queries.facts import printable
from queries.servers import check_servers
from queries.times import iso, parse_time
from queries.workers import workers_health
from sessiontrack.errors import NotFoundError, UnavailableError

router = APIRouter(prefix="/v1", tags=["operations"])
# Apart, because these change something.
tasks_router = APIRouter(prefix="/v1", tags=["tasks"])

# Of what does not decode, the beginning tells what it is.
_MOST_VALUE_BYTES = 64 * 1024

TaskId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Id of a task.", examples=[1])]
Name = Annotated[str, Path(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]


@router.get("/workers", response_model=models.Workers)
async def workers(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """How each worker is: lag, watermark, rate, dead letters, and what it says of itself."""
    found = await workers_health(services.settings, services.rates)
    rows = [
        models.WorkerHealth.model_validate(
            {name: getattr(each, name) for name in models.WorkerHealth.model_fields}
            | {"complete_until": iso(each.complete_until)}
        )
        for each in found
    ]
    return tagged(models.Workers(workers=rows), etag)


@router.get("/servers", response_model=models.Servers)
async def servers(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """Whether the servers answer, topics and clock are right, and the disk has room."""
    findings = [models.Finding.model_validate(each) for each in await check_servers(services.settings)]
    return tagged(models.Servers(findings=findings), etag)


@router.get("/dead-letters", response_model=models.Letters)
def dead_letters(
    services: ServicesOf, asked: Annotated[LetterParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """The records that could not be processed, the latest refusal first."""
    since = None if asked.since is None else parse_time(asked.since)
    standing = read_standing(services.settings)
    chosen = standing.discarded if asked.discarded else standing.open
    found = matching(chosen, group=asked.group, stage=asked.stage, error=asked.error, since=since)
    return tagged(models.Letters(letters=[_letter(each) for each in found[: asked.limit]], total=len(found)), etag)


@router.get("/dead-letters/{group}/{record_id:path}", response_model=models.Original)
def dead_letter(services: ServicesOf, group: Name, record_id: Name, etag: IfNoneMatch = None) -> Response:
    """A dead letter with the record that was refused, as far as that decodes."""
    letters = read_standing(services.settings).letters.values()
    found = next((each for each in letters if (each.group, each.record_id) == (group, record_id)), None)
    if found is None:
        raise NotFoundError("there is no such dead letter", hint="/v1/dead-letters lists those that stand.")
    return tagged(_original(read_original(services.settings, found)), etag)


@tasks_router.get("/tasks", response_model=models.TaskList)
async def tasks(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """What was started from here, and how far it is."""
    return tagged(models.TaskList(tasks=[_task(each) for each in _tasks(services).known]), etag)


@tasks_router.post("/tasks", status_code=202)
async def start_task(services: ServicesOf, request: Annotated[TaskRequest, Body()]) -> models.TaskFacts:
    """Starts a verify, a rebuild, or a redrive or discard of dead letters, and answers at once.

    One runs at a time. It goes on when nobody looks, and ends with the server; a rebuild goes on where it was when it
    is started again.
    """
    return _task(await _tasks(services).start(request))


@tasks_router.get("/tasks/{task_id}", response_model=models.TaskFacts)
async def task(services: ServicesOf, task_id: TaskId, etag: IfNoneMatch = None) -> Response:
    """How far a task is, or what it came to."""
    return tagged(_task(_tasks(services).get(task_id)), etag)


@tasks_router.post("/tasks/{task_id}/stop")
async def stop_task(services: ServicesOf, task_id: TaskId) -> models.TaskFacts:
    """Stops a task, where it still runs, and answers when it has ended."""
    return _task(await _tasks(services).stop(task_id))


def _tasks(services: Services) -> Tasks:
    if services.tasks is None:
        raise UnavailableError("the API has not started yet")
    return services.tasks


def _task(task: Task) -> models.TaskFacts:
    facts = {name: getattr(task, name) for name in models.TaskFacts.model_fields}
    return models.TaskFacts.model_validate(facts | {"started_at": iso(task.started_at), "ended_at": iso(task.ended_at)})


def _letter(letter: Letter) -> models.LetterFacts:
    facts: dict[str, Any] = {name: getattr(letter, name) for name in models.LetterFacts.model_fields}
    times = {name: iso(facts[name]) for name in ("first_failed_at", "failed_at", "discarded_at")}
    return models.LetterFacts.model_validate(facts | times)


def _original(found: Original) -> models.Original:
    shown = found.value if found.undecodable else None
    return models.Original(
        letter=_letter(found.letter),
        key=printable(found.key),
        headers={name: printable(value) for name, value in found.headers},
        record=printable(found.record),
        undecodable=found.undecodable,
        value_base64=None if shown is None else b64encode(shown[:_MOST_VALUE_BYTES]).decode(),
    )
