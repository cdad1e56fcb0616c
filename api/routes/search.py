"""Search, and what it can narrow to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import models
from api.answers import IfNoneMatch, tagged
from api.naming import opened
from api.parameters import FacetParameters, FilterParameters, SearchParameters
from api.services import ServicesOf
from queries.facets import facets as count
from queries.facts import NANO
from queries.search import search as find
from queries.session_search import search_sessions as find_sessions
from queries.statistics import statistics
from queries.times import iso
from sessiontrack.errors import UsageError

router = APIRouter(prefix="/v1", tags=["search"])


@router.get("/search", response_model=models.SearchAnswer | models.SessionsAnswer)
def search(services: ServicesOf, asked: Annotated[SearchParameters, Query()], etag: IfNoneMatch = None) -> Response:
    """Messages, or sessions, by their words and by what they mean, best first; messages page by page."""
    openings = services.openings
    if asked.by == "session":
        if asked.cursor is not None:
            raise UsageError("sessions have no further pages", hint="Ask for a larger limit, up to 50.")
        sessions = find_sessions(
            services.settings, asked.q, asked.filters(), asked.limit, mode=asked.mode, explain=asked.explain
        )
        of_sessions = models.SessionsAnswer.model_validate(sessions)
        opened(of_sessions.sessions, openings)
        opened([each.hit for some in of_sessions.sessions for each in some.passages], openings)
        return tagged(of_sessions, etag)
    found = find(
        services.settings,
        asked.q,
        asked.filters(),
        asked.limit,
        mode=asked.mode,
        after=asked.cursor,
        explain=asked.explain,
    )
    answer = models.SearchAnswer.model_validate(found)
    opened(answer.hits, openings)
    return tagged(answer, etag)


@router.get("/facets", response_model=models.Facets)
def facets(services: ServicesOf, asked: Annotated[FacetParameters, Query()], etag: IfNoneMatch = None) -> Response:
    """How many messages there are of each agent, channel, sender, role, model, tool and project."""
    found = count(services.settings, asked.filters(), asked.q, asked.size)
    values = {name: [models.FacetValue.model_validate(each) for each in counted] for name, counted in found.items()}
    return tagged(models.Facets(facets=values), etag)


@router.get("/stats", response_model=models.Stats)
def stats(services: ServicesOf, asked: Annotated[FilterParameters, Query()], etag: IfNoneMatch = None) -> Response:
    """Sums over sessions: how many, how much, with which models and tools."""
    found = statistics(services.settings, asked.filters())
    totals = found.totals
    return tagged(
        models.Stats(
            **{name: value for name, value in totals.items() if name not in ("first_at", "last_at", "cost_nanousd")},
            first_at=iso(totals["first_at"]),
            last_at=iso(totals["last_at"]),
            cost_usd=totals["cost_nanousd"] / NANO,
            models=found.models,
            tools=found.tools,
        ),
        etag,
    )
