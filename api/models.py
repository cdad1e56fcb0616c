"""What is answered beside the records themselves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.records import OPENING, MessageFacts, SessionFacts

NEXT = Field(
    description="Give it as `after` to get what follows; null at the end.", examples=["WyJzZXNzaW9ucyIsMSwiYSJd"]
)


class Answer(BaseModel):
    """What is answered; made of the answer of a query."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class SessionPage(Answer):
    """A page of sessions, the latest activity first."""

    sessions: list[SessionFacts]
    next: str | None = NEXT


class MessagePage(Answer):
    """A page of messages, by time and place."""

    messages: list[MessageFacts]
    next: str | None = NEXT


class TreeCall(Answer):
    """A tool call of an entry."""

    tool_call_id: str = Field(description="Id of the call's record.")
    name: str = Field(description="The tool.")
    outcome: str = Field(description="succeeded, failed or pending.")
    exit_code: int | None = Field(description="Exit code of a command.")
    duration_ms: int | None = Field(description="How long it took.")
    arguments: str | None = Field(description="How its arguments begin, JSON: 160 characters at most.")
    result_entry_id: str | None = Field(description="Entry of the result, which is folded into this one.")
    result_event_id: str | None = Field(description="Event of that entry, where it is in this generation.")
    result_images: int = Field(description="How many images the result has: its verbatim line holds them.")


class TreeEntry(Answer):
    """An entry, and how it hangs on the others."""

    event_id: str = Field(description="The event that its line is.")
    entry_id: str = Field(description="Its own id, else `line:N`.")
    line_number: int = Field(description="Place in the transcript, from 1.")
    kind: str = Field(description="What it is.")
    occurred_at: str = Field(description="When it was written.")
    depth: int = Field(description="0 on the path to the current leaf, more on branches that were left.")
    link: Literal["parent", "root", "orphan"] = Field(description="On what it hangs; of an orphan that is missing.")
    inherited: bool = Field(description="Copied from the parent session.")
    labels: list[str] = Field(description="What people labelled it with.")
    message_id: str | None = Field(description="Id of its message, where it is one.")
    role: str | None = Field(description="Role of its message.")
    begins: str | None = Field(
        description="How its text begins, 160 characters at most: of what a person wrote, and of what sums up."
    )
    tool_calls: list[TreeCall] = Field(description="The calls that it makes.")


class TreeGeneration(Answer):
    """A generation of a session, as the tree knows it."""

    number: int = Field(description="From 1, for display.")
    state: str = Field(description="LIVE, RESET, DELETED, BACKUP or REPLACED.")
    lines: int
    last_at: str = Field(description="Time of its last line.")
    archived_at: str | None = Field(description="The time in its archive name.")
    current: bool = Field(description="Whether it is what the session is now.")


class Tree(Answer):
    """A part of the tree of a session: a generation of it, line by line."""

    entries: list[TreeEntry]
    missing_lines: int = Field(description="Lines of the generation that are not there.")
    generations: list[TreeGeneration] = Field(description="All generations of the session.")
    next: str | None = NEXT


class LineFacts(Answer):
    """A line of a transcript, and what it says."""

    event_id: str = Field(description="The event that it is.")
    kind: str = Field(description="What it is.")
    entry_type: str | None = Field(description="The `type` that it states; null for what is no JSON object.")
    line_number: int = Field(description="Place in the transcript, from 1.")
    entry_id: str | None = Field(description="The entry's own id.")
    parent_entry_id: str | None = Field(description="Entry that it follows.")
    occurred_at: str = Field(description="When it was written.")
    captured_at: str = Field(description="When it was read.")
    inherited: bool = Field(description="Copied from the parent session.")
    body: dict[str, Any] | None = Field(description="What it says, where it is no message.")
    message: MessageFacts | None = Field(description="Its message; null where it is none, or is still on its way.")


class EntryPage(Answer):
    """A page of lines, by place; a place has a line of each generation that differs there."""

    entries: list[LineFacts]
    next: str | None = NEXT


class GenerationFacts(Answer):
    """A generation of a transcript: as it was before it was rewritten, truncated or reset, or as it is."""

    number: int = Field(description="From 1, for display.")
    head: str = Field(description="Chain of its last line: proves all lines.")
    sha256: str | None = Field(description="SHA-256 of the file; null where it was not stated.")
    state: str = Field(description="LIVE, RESET, DELETED, BACKUP or REPLACED.")
    lines: int
    bytes: int
    archived_at: str | None = Field(description="The time in its archive name.")
    current: bool = Field(description="Whether it is what the session is now.")


class Generations(Answer):
    """The generations of a session."""

    generations: list[GenerationFacts]


class Hit(Answer):
    """A message that was found."""

    session_id: str
    message_id: str
    entry_id: str = Field(description="Its entry in the transcript.")
    role: str
    timestamp: str
    score: float = Field(description="How well it fits; compares within one answer only.")
    snippet: str = Field(description="The passages that fit, with <em> around what was found; not escaped for HTML.")
    sender: str | None
    channel: str | None
    agent: str | None
    model: str | None
    project: str | None
    title: str | None = Field(description="Title of the session.")
    opening: str | None = OPENING
    duplicates: int = Field(description="Later hits that say nearly the same, and are left out.")
    explanation: dict[str, Any] | None = Field(
        description="Why it has its place: rank and score in each ranking that has it, what its age multiplies, and "
        "what the turn after it adds; null where that was not asked for.",
        examples=[{"text": {"rank": 2, "score": 11.3}, "semantic": {"rank": 1, "score": 0.71}, "recency": 1.02}],
    )


class SearchAnswer(Answer):
    """The messages that fit, best first."""

    mode: Literal["text", "semantic", "hybrid"] = Field(description="How it was searched in the end.")
    notes: list[str] = Field(
        description="What was not as it should be, such as that meaning could not be searched.", examples=[[]]
    )
    by_meaning_alone: bool = Field(
        description="Whether no message has the words that were asked for, so that meaning alone has found the hits."
    )
    hits: list[Hit]
    next: str | None = Field(
        description="Give it as `cursor` to get what follows; null at the end.", examples=["WyJzZWFyY2giLDEsMTAsImEiXQ"]
    )


class TurnFacts(Answer):
    """What was said before or after a hit."""

    entry_id: str
    line_number: int
    role: str
    sender: str | None
    text: str = Field(description="How it begins, on one line.")


class Passage(Answer):
    """A message that fits, with what was said around it."""

    hit: Hit
    before: list[TurnFacts]
    after: list[TurnFacts]


class SessionHit(Answer):
    """A session that was found."""

    session_id: str
    title: str | None
    opening: str | None = OPENING
    score: float = Field(description="How well it fits; compares within one answer only.")
    channel: str | None
    agent: str | None
    project: str | None
    last_activity_at: str | None = Field(description="Time of its latest entry.")
    passages: list[Passage] = Field(description="Its messages that fit best; none where only title or whole fits.")
    explanation: dict[str, Any] | None = Field(description="As that of a hit; null where that was not asked for.")


class SessionsAnswer(Answer):
    """The sessions that fit, best first."""

    mode: Literal["text", "semantic", "hybrid"] = Field(description="How it was searched in the end.")
    notes: list[str] = Field(description="What was not as it should be.")
    by_meaning_alone: bool = Field(
        description="Whether no message has the words that were asked for, so that meaning alone has found the hits."
    )
    sessions: list[SessionHit]


class FacetValue(Answer):
    """A value that a filter may take."""

    value: str
    count: int = Field(description="Messages that have it.")


class Facets(Answer):
    """The values of each filter, most messages first."""

    facets: dict[str, list[FacetValue]]


class SimilarSession(Answer):
    """A session that is about the same."""

    session_id: str
    title: str | None
    opening: str | None = OPENING
    channel: str | None
    agent: str | None
    last_activity_at: str | None = Field(description="Time of its latest entry.")
    score: float = Field(description="How similar; compares within one answer only.")
    snippet: str = Field(
        description="What it says that is most similar, with <em> around words that both have; not escaped for HTML."
    )
    entry_id: str = Field(description="The entry that is most similar.")
    message_id: str


class Similar(Answer):
    """Sessions that are about the same, the most similar first."""

    sessions: list[SimilarSession]


class Stats(Answer):
    """Sums over sessions."""

    sessions: int
    open_sessions: int
    first_at: str | None = Field(description="When the first began.")
    last_at: str | None = Field(description="Time of the latest activity.")
    messages: int
    errors: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float
    models: list[dict[str, Any]] = Field(description="Sums of each model, most tokens first; 100 at most.")
    tools: list[dict[str, Any]] = Field(description="Sums of each tool, most calls first; 100 at most.")


class WorkerState(Answer):
    """How far a worker is."""

    worker: str
    lag: int = Field(description="Records that it is not done with.")
    complete_until: str | None = Field(description="Every record up to this time is processed; null: not known.")


class Status(Answer):
    """How far the workers are."""

    workers: list[WorkerState]


class ProvedDataset(Answer):
    """What is proved of one dataset of one store."""

    store: str
    dataset: str
    expected: int = Field(description="Records that the log implies.")
    proved: int = Field(description="Of these, how many were found equal, and unchanged since.")


class Proved(Answer):
    """What the last `sessiontrack verify` on this machine proved."""

    at: str
    records: int = Field(description="Records of the log that were read.")
    faults: int = Field(description="Faults of the log itself.")
    datasets: list[ProvedDataset]


class DifferenceFacts(Answer):
    """A record that is not as the log says."""

    store: str
    dataset: str
    kind: str = Field(description="missing, surplus or altered.")
    record_id: str
    detail: str


class VerifyReport(Answer):
    """What a verify of one session found."""

    equal: bool = Field(description="Whether every store holds what the log says.")
    records: int = Field(description="Records of the log.")
    in_motion: int = Field(description="Differences left out, because the session went on meanwhile.")
    differences: list[DifferenceFacts]


class Health(Answer):
    """How the API is."""

    status: Literal["alive", "ready", "waiting"]
    waits_for: list[str] = Field(default=[], description="Servers that do not answer.")
