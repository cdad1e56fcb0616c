"""How far the pipeline is, what is proved, and whether this process works."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api import models
from api.answers import IfNoneMatch, tagged
from api.parameters import SessionId
from api.problems import RETRY_AFTER_S
from api.services import ServicesOf
from queries.lag import group_positions, watermarks
from queries.readiness import away
from queries.times import iso
from queries.verify import Report, verify
from queries.verify.proved import last_proved
from sessiontrack.errors import TransientError

router = APIRouter(prefix="/v1", tags=["state"])

# Who waits for an answer does not wait for a worker that is stuck.
_STALL_S = 10.0


@router.get("/status", response_model=models.Status)
async def status(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """How far each worker is: its lag, and up to what time everything is processed."""
    marks = {each.worker: each.earliest for each in await watermarks(services.settings)}
    workers = [
        models.WorkerState(worker=each.worker, lag=each.lag, complete_until=iso(marks[each.worker]))
        for each in await group_positions(services.settings)
    ]
    return tagged(models.Status(workers=workers), etag)


@router.get("/verify", response_model=models.Proved)
def proved(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """What the last `sessiontrack verify` on this machine proved; nothing is read but its ledger."""
    found = last_proved(services.settings)
    datasets = [models.ProvedDataset.model_validate(each) for each in found.datasets]
    return tagged(models.Proved(at=iso(found.at), records=found.records, faults=found.faults, datasets=datasets), etag)


@router.post("/sessions/{session_id}/verify", response_model=models.VerifyReport)
async def verify_session(services: ServicesOf, session_id: SessionId) -> models.VerifyReport:
    """Compares every record of a session in every store with the log; waits until the pipeline is so far."""
    if services.verifying.locked():
        raise TransientError("a verify is running", hint="Ask again when it is done.")
    async with services.verifying:
        report: Report = await to_thread.run_sync(
            lambda: verify(services.settings, session_id, stall_s=_STALL_S), abandon_on_cancel=False
        )
    differences = [models.DifferenceFacts.model_validate(each) for each in report.differences]
    return models.VerifyReport(
        equal=not differences, records=report.records, in_motion=report.in_motion, differences=differences
    )


@router.get("/health/live")
async def live() -> models.Health:
    """Whether the process answers."""
    return models.Health(status="alive")


@router.get("/health/ready", response_model=models.Health, responses={503: {"model": models.Health}})
def ready(services: ServicesOf) -> Response:
    """Whether the stores that are read answer."""
    missing = away(services.settings)
    told = models.Health(status="waiting" if missing else "ready", waits_for=missing)
    if missing:
        return JSONResponse(told.model_dump(), 503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return JSONResponse(told.model_dump())
