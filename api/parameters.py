"""What may stand in an address: the filters of the command line, pages, ids. A misspelt name is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from queries.filters import Failed, Filters, parse_filters
from queries.spans import Span, Unit

# No store takes longer ones as a key, nor control characters.
SessionId = Annotated[
    str,
    Path(
        description="The full id of a session.",
        min_length=1,
        max_length=512,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        examples=["0b5e1d9c-6a57-4c7e-9d0f-3f0d8f6c2a11"],
    ),
]


class FilterParameters(BaseModel):
    """Filters: all that are given must hold; case makes no difference, `*` stands for anything."""

    model_config = ConfigDict(extra="forbid")

    agent: str | None = Field(None, description="Agent id.", examples=["main"])
    channel: str | None = Field(None, description="Channel.", examples=["telegram"])
    sender: str | None = Field(None, description="Id or name of who wrote.")
    role: str | None = Field(None, description="user, assistant, toolResult, …", examples=["user"])
    model: str | None = Field(None, description="Model, or provider/model.")
    tool: str | None = Field(None, description="Name of a tool that was used.", examples=["exec"])
    project: str | None = Field(None, description="Working folder, with all below it.")
    since: str | None = Field(None, description="From: 2026-03-01, 2026-03-01T12:00Z, or 7d, 24h, 30m ago.")
    until: str | None = Field(None, description="Up to, as `since`; a day is included.")
    failed: Failed | None = Field(
        None,
        description="Only messages that are an error, of a tool, of a model or of either; only sessions that have one:"
        " of the tool or the model that is named, where one is.",
    )

    def filters(self) -> Filters:
        """The filters that they are.

        Raises:
            UsageError: One can't be read.
        """
        stated = {name: getattr(self, name) for name in FilterParameters.model_fields if name != "failed"}
        return replace(parse_filters(**stated), failed=self.failed)


class PageParameters(BaseModel):
    """A page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="Most on the page.")
    after: str | None = Field(None, description="`next` of the page before.")


class SessionsParameters(PageParameters, FilterParameters):
    """A page of filtered sessions."""


class TreeParameters(PageParameters):
    """A part of a tree."""

    limit: int = Field(500, ge=1, le=5_000, description="Most entries.")
    generation: int | None = Field(None, ge=1, le=1_000_000, description="Its number; the current one if not given.")


class EntriesParameters(PageParameters):
    """A page of lines."""

    first: int = Field(1, ge=1, le=2**31, description="Number of the first line.")
    last: int | None = Field(None, ge=1, le=2**31, description="Number of the last line; to the end if not given.")


class SearchParameters(FilterParameters):
    """A search."""

    q: str = Field(
        description='Words, "phrases in quotes", -words to leave out, and operators: from: tool: channel: agent: '
        "model: role: project: session: before: since: after: until: is:error has:tool.",
        examples=['from:ada before:2026-03 "disk full" -docker'],
    )
    mode: Literal["text", "semantic", "hybrid"] | None = Field(
        None, description="By words, by meaning, or by both; both where there are vectors, if not given."
    )
    by: Literal["message", "session"] = Field(
        "message", description="Whether messages are found, or sessions with their best passages, 50 at most."
    )
    limit: int = Field(10, ge=1, le=100, description="Most hits.")
    cursor: str | None = Field(None, description="`next` of the page before; sessions have one page only.")
    explain: bool = Field(False, description="Whether each hit tells why it has its place.")


class FacetParameters(FilterParameters):
    """What to count."""

    q: str | None = Field(None, description="Only messages that a search for this finds.")
    size: int = Field(20, ge=1, le=100, description="Most values of each facet.")


class SimilarParameters(BaseModel):
    """How many similar sessions."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, ge=1, le=50, description="Most sessions.")


class SpanParameters(FilterParameters):
    """Which sessions, and which part of what they did: what lies from `since` until `until` is counted."""

    zone: str = Field(
        "UTC",
        max_length=64,
        pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$",
        description="Time zone of days and hours, as the IANA names it.",
        examples=["Europe/Berlin"],
    )
    unit: Unit = Field("day", description="How long a period is; a week begins on Monday.", examples=["day"])

    def span(self) -> Span:
        """The span that they are.

        Raises:
            UsageError: A filter can't be read.
        """
        return Span(self.filters(), self.zone, self.unit)


class TimelineParameters(PageParameters):
    """A part of a timeline."""

    limit: int = Field(500, ge=1, le=2_000, description="Most messages; their tool calls come with them.")


class LetterParameters(BaseModel):
    """Which dead letters."""

    model_config = ConfigDict(extra="forbid")

    group: str | None = Field(None, description="Consumer group, or its worker.", examples=["postgres"])
    stage: str | None = Field(None, description="Where they were refused.", examples=["write"])
    error: str | None = Field(None, description="Class of the error.")
    since: str | None = Field(None, description="Refused since: 2026-03-01, or 7d, 24h, 30m ago.")
    discarded: bool = Field(False, description="Those that were given up, instead of those that stand.")
    limit: int = Field(100, ge=1, le=1_000, description="Most letters.")
