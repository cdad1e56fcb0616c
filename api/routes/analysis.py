"""Activity, patterns, timelines: what many sessions come to, and one of them in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import models_analysis as models
from api.answers import IfNoneMatch, tagged
from api.naming import opened, with_named_examples
from api.parameters import SessionId, SpanParameters, TimelineParameters
from api.services import ServicesOf
from queries import activity as active
from queries.day import QUIET_MINUTES
from queries.day import day as of_day
from queries.facts import NANO
from queries.session_shapes import session_shapes
from queries.storage import storage as stored
from queries.timeline import session_timeline
from queries.times import iso
from queries.tool_transitions import tool_transitions
from queries.tool_usage import tool_usage
from queries.topics import topics as drifting

router = APIRouter(prefix="/v1", tags=["analysis"])

Asked = Annotated[SpanParameters, Query()]
_TIMES = ("since", "until", "begin", "end")


@router.get("/activity", response_model=models.Activity)
def activity(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """Messages, tokens and cost by day, hour of the week, model, channel and agent.

    The filters choose sessions; what these did from `since` until `until` is counted.
    """
    found = active.activity(services.settings, asked.span())
    answer = {
        name: _plain_all(each) if isinstance(each, list) else _plain(each) for name, each in asdict(found).items()
    }
    return tagged(models.Activity.model_validate(with_named_examples(services, answer)), etag)


@router.get("/tools", response_model=models.ToolUses)
def tools(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """Which tools were called, how that ended, and how long it took."""
    return tagged(models.ToolUses.model_validate({"tools": tool_usage(services.settings, asked.span())}), etag)


@router.get("/storage", response_model=models.Storage)
def storage(services: ServicesOf, etag: IfNoneMatch = None) -> Response:
    """How many bytes each store holds, and how many the transcripts have."""
    found = services.seldom.get("storage", lambda: stored(services.settings))
    answer = models.Storage(
        parts=[models.StoredPart.model_validate(part) for part in found.parts],
        away=found.away,
        transcript_bytes=found.transcript_bytes,
        disk_free_bytes=found.disk.free,
        disk_total_bytes=found.disk.total,
    )
    return tagged(answer, etag)


@router.get("/patterns/models", response_model=models.ModelPeriods)
def pattern_models(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """Which models answered when."""
    found = active.model_periods(services.settings, asked.span())
    return tagged(models.ModelPeriods.model_validate({"periods": _plain_all(found)}), etag)


@router.get("/patterns/tools", response_model=models.ToolTransitions)
def pattern_tools(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """How tools follow one another within a session."""
    found = tool_transitions(services.settings, asked.span())
    answer = with_named_examples(services, {"transitions": found})
    return tagged(models.ToolTransitions.model_validate(answer), etag)


@router.get("/patterns/sessions", response_model=models.SessionShapes)
def pattern_sessions(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """How long sessions are, and how long they pause."""
    answer = with_named_examples(services, asdict(session_shapes(services.settings, asked.span())))
    return tagged(models.SessionShapes.model_validate(answer), etag)


@router.get("/patterns/topics", response_model=models.Topics)
def pattern_topics(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """The words of each period that people said then more than at other times; a sample of sessions is looked at."""
    found = [_plain(asdict(each)) for each in drifting(services.settings, asked.span())]
    return tagged(models.Topics.model_validate(with_named_examples(services, {"periods": found})), etag)


@router.get("/timeline", response_model=models.Day)
def timeline(services: ServicesOf, asked: Asked, etag: IfNoneMatch = None) -> Response:
    """When sessions were at work, side by side, and where they overlap: for a day, as a rule."""
    found = asdict(of_day(services.settings, asked.span()))
    answer = found | {"stretches": _plain_all(found["stretches"]), "quiet_ms": QUIET_MINUTES * 60_000}
    of_span = models.Day.model_validate(answer)
    opened(of_span.stretches, services.openings)
    return tagged(of_span, etag)


@router.get("/sessions/{session_id}/timeline", response_model=models.SessionTimeline)
def timeline_of_session(
    services: ServicesOf, session_id: SessionId, asked: Annotated[TimelineParameters, Query()], etag: IfNoneMatch = None
) -> Response:
    """One session in time: what people said, what models and tools took, where somebody waited."""
    found = asdict(session_timeline(services.settings, session_id, asked.limit, asked.after))
    answer = {"steps": _plain_all(found["steps"]), "turns": _plain_all(found["turns"]), "next": found["next"]}
    return tagged(models.SessionTimeline.model_validate(answer), etag)


def _plain_all(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_plain(row) for row in rows]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is answered: times as ISO 8601, cost in dollars."""
    plain = {**row, **{name: iso(row[name]) for name in _TIMES if name in row}}
    if "cost_nanousd" in plain:
        plain["cost_usd"] = plain.pop("cost_nanousd") / NANO
    return plain
