"""What is answered about activity, patterns and timelines.

Times are ISO 8601, UTC. `since` and `until` of a figure, given to /v1/sessions, list the sessions behind it; where no
filter describes them, `examples` names some.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models import NEXT, Answer
from api.records import OPENING

SINCE = Field(description="When it begins.", examples=["2026-03-01T23:00:00.000Z"])
UNTIL = Field(description="When it ends.", examples=["2026-03-02T23:00:00.000Z"])
DAY = Field(description="Its first day, in the zone that was asked for.", examples=["2026-03-02"])
EXAMPLES = Field(description="Sessions that have most of it.")
SESSIONS = Field(description="How many sessions took part.", examples=[4])
TOKENS = Field(description="Tokens of models' calls.", examples=[81250])
COST = Field(description="US dollars.", examples=[0.42])
CALLS = Field(description="How many calls.", examples=[17])


class Example(Answer):
    """A session behind a figure."""

    session_id: str = Field(examples=["0b5e1d9c-6a57-4c7e-9d0f-3f0d8f6c2a11"])
    title: str | None
    opening: str | None = OPENING


class Sums(Answer):
    """What is summed up everywhere."""

    sessions: int = SESSIONS
    messages: int = Field(description="What was said.", examples=[120])
    errors: int = Field(description="Replies of models that ended in an error, and results of tools that failed.")
    total_tokens: int = TOKENS
    cost_usd: float = COST


class Totals(Sums):
    """The sums of all that was asked for."""

    calls: int = Field(description="Replies of models.", examples=[44])


class Period(Sums):
    """A day, a week or a month in which something happened."""

    day: str = DAY
    since: str = SINCE
    until: str = UNTIL


class HourOfWeek(Answer):
    """An hour of a weekday, over all weeks that were asked for."""

    weekday: int = Field(description="1 is Monday, 7 Sunday.", examples=[1])
    hour: int = Field(description="0 to 23.", examples=[14])
    messages: int = Field(description="What was said.", examples=[12])
    sessions: int = SESSIONS
    examples: list[Example] = EXAMPLES


class ModelUse(Answer):
    """What was used of a model."""

    provider: str = Field(examples=["anthropic"])
    model: str = Field(examples=["claude-opus-4-5"])
    sessions: int = SESSIONS
    calls: int = CALLS
    errors: int = Field(description="Of these, how many ended in an error.", examples=[0])
    total_tokens: int = TOKENS
    cost_usd: float = COST


class NamedSums(Sums):
    """The sums of one channel, or of one agent."""

    name: str | None = Field(description="Its name; null where none is known.", examples=["telegram"])


class Activity(Answer):
    """What the sessions did that were asked for. What did not happen is left out."""

    totals: Totals
    periods: list[Period] = Field(description="By time.")
    hours: list[HourOfWeek]
    models: list[ModelUse] = Field(description="Most tokens first; 100 at most.")
    channels: list[NamedSums] = Field(description="Most messages first; 100 at most.")
    agents: list[NamedSums] = Field(description="Most messages first; 100 at most.")


class ToolUse(Answer):
    """How a tool was used."""

    name: str = Field(examples=["exec"])
    sessions: int = SESSIONS
    calls: int = CALLS
    succeeded: int = Field(examples=[15])
    failed: int = Field(examples=[1])
    pending: int = Field(description="Calls without a result.", examples=[1])
    median_ms: int | None = Field(description="Half of the calls took no longer; null: not known.", examples=[240])
    p95_ms: int | None = Field(description="95 % of the calls took no longer.", examples=[4100])


class ToolUses(Answer):
    """Which tools were used."""

    tools: list[ToolUse] = Field(description="Most calls first; 100 at most.")


class StoredPart(Answer):
    """What a part of a store holds."""

    store: str = Field(description="archive, postgres or opensearch.", examples=["archive"])
    name: str = Field(description="A table, an index, or what kind of objects.", examples=["large lines"])
    bytes: int = Field(examples=[1048576])


class Storage(Answer):
    """How many bytes there are where; read once a minute."""

    parts: list[StoredPart] = Field(description="Of each store, the largest first.")
    away: list[str] = Field(description="Stores that do not answer.", examples=[[]])
    transcript_bytes: int | None = Field(
        description="What the captured transcripts have, but for the last line of each; null where PostgreSQL is away."
    )
    disk_free_bytes: int = Field(description="What the disk of the data folder has left.")
    disk_total_bytes: int


class ModelPeriod(Answer):
    """What a model was used for in a period."""

    day: str = DAY
    since: str = SINCE
    until: str = UNTIL
    provider: str = Field(examples=["anthropic"])
    model: str = Field(examples=["claude-opus-4-5"])
    sessions: int = SESSIONS
    calls: int = CALLS
    total_tokens: int = TOKENS
    cost_usd: float = COST


class ModelPeriods(Answer):
    """Which models answered when."""

    periods: list[ModelPeriod] = Field(description="By time.")


class ToolTransition(Answer):
    """A tool that was called after another."""

    source: str | None = Field(description="The tool before; null: it was the first one.", examples=["read"])
    target: str = Field(description="The tool that followed.", examples=["exec"])
    calls: int = CALLS
    succeeded: int = Field(description="Calls of the target that succeeded.", examples=[15])
    failed: int = Field(description="Calls of the target that failed.", examples=[2])
    sessions: int = SESSIONS
    examples: list[Example] = EXAMPLES


class ToolTransitions(Answer):
    """How tools follow one another within a session."""

    transitions: list[ToolTransition] = Field(description="Most calls first; 200 at most.")


class Bar(Answer):
    """A bar of a histogram."""

    at_least: int = Field(description="What it begins with.", examples=[60000])
    below: int | None = Field(description="What it ends before; null: it has no end.", examples=[300000])
    count: int = Field(examples=[31])
    examples: list[Example] = EXAMPLES


class Pauses(Answer):
    """Pauses between one message and the next, milliseconds, by whose they are."""

    person: list[Bar] = Field(description="Before something that a person said.")
    model: list[Bar] = Field(description="Before a reply of a model.")
    tool: list[Bar] = Field(description="Before a result of a tool.")


class SessionShapes(Answer):
    """How long sessions are, and how long they pause."""

    messages: list[Bar] = Field(description="Sessions by how many messages they have.")
    durations: list[Bar] = Field(description="Sessions by the time from begin to last activity, milliseconds.")
    pauses: Pauses


class Term(Answer):
    """A word that is said in a period more than at other times."""

    term: str = Field(examples=["backup"])
    score: float = Field(description="How surely: standard deviations of the log-odds ratio.", examples=[3.2])
    sessions: int = Field(description="How many of the sessions that were looked at say it.", examples=[6])
    examples: list[Example] = EXAMPLES


class TopicPeriod(Answer):
    """What a period is about."""

    day: str = DAY
    since: str = SINCE
    until: str = UNTIL
    sessions: int = Field(description="How many sessions that began then were looked at, 300 at most.", examples=[41])
    terms: list[Term] = Field(description="The most distinctive first.")


class Topics(Answer):
    """What people talk about as it drifts."""

    periods: list[TopicPeriod] = Field(description="By time.")


class Step(Answer):
    """Something that took time in a session, or happened at one."""

    kind: Literal["person", "model", "tool", "other"] = Field(description="Who did it.")
    name: str = Field(description="The model, the tool, or the role.", examples=["exec"])
    begin: str = SINCE
    end: str | None = Field(description="When it ended; null where a tool has not answered.")
    entry_id: str | None = Field(description="Its entry in the transcript.")
    failed: bool
    tokens: int = Field(description="Those of a reply of a model.")


class Turn(Answer):
    """What followed something that a person said, until somebody spoke again."""

    begin: str = SINCE
    end: str = UNTIL
    entry_id: str | None = Field(description="What was said; null of what comes before anybody spoke.")
    wait: int | None = Field(description="For how long it had been quiet before, milliseconds; null at the beginning.")
    model_ms: int = Field(description="How long models took, together.")
    tool_ms: int = Field(description="How long tools took, together; those at the same time count once.")
    model_calls: int
    tool_calls: int
    errors: int


class SessionTimeline(Answer):
    """A part of a session in time."""

    steps: list[Step] = Field(description="By their begin.")
    turns: list[Turn]
    next: str | None = NEXT


class Stretch(Answer):
    """A time at which a session was at work without a long pause."""

    session_id: str
    title: str | None
    opening: str | None = OPENING
    agent_id: str | None
    channel: str | None
    parent_session_id: str | None
    begin: str = SINCE
    end: str = UNTIL
    messages: int
    model_calls: int
    errors: int
    total_tokens: int


class Day(Answer):
    """What sessions did side by side."""

    stretches: list[Stretch] = Field(description="By their begin; 2,000 at most.")
    complete: bool = Field(description="Whether these are all.")
    quiet_ms: int = Field(description="A longer pause ends a stretch.", examples=[600000])
    most_at_once: int = Field(description="How many sessions were at work at the same time, at most.", examples=[3])
    overlap_ms: int = Field(description="For how long more than one was.")
    busy_ms: int = Field(description="For how long any was.")
