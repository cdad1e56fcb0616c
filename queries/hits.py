"""What a search shows of the messages that it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from queries.distinct import Distinct
from queries.fulltext.index import Found
from queries.fusion import Fused
from queries.snippets import beginning, with_markers
from queries.times import iso


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found.

    Attributes:
        session_id: Its session.
        message_id: Its id.
        entry_id: The entry's own id in the transcript, else `line:N`.
        role: user, assistant, toolResult, …
        timestamp: When it was written, ISO 8601, UTC.
        score: How well it fits, at most 1; compares within one search only.
        snippet: The passages that fit, with marks around the words that were found; on one line.
        sender: Name of who wrote it, else the id.
        channel: Its channel.
        agent: Its agent.
        model: provider/model that wrote it.
        project: Its working folder.
        title: Title of the session.
        duplicates: Later hits that say nearly the same, and are left out.
        explanation: Why it has its place; None where that was not asked for.
    """

    session_id: str
    message_id: str
    entry_id: str
    role: str
    timestamp: str
    score: float
    snippet: str
    sender: str | None
    channel: str | None
    agent: str | None
    model: str | None
    project: str | None
    title: str | None
    duplicates: int = 0
    explanation: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for JSON; the explanation where there is one."""
        return {name: value for name, value in asdict(self).items() if name != "explanation" or value is not None}


def hit(shown: Distinct, passage: str | None, markers: tuple[str, str], *, explain: bool = False) -> Hit:
    """The hit that a message is. Pure.

    Args:
        shown: The message.
        passage: The passage of it that is nearest to the question; None where meaning did not find it.
        markers: What stands before and after each word that was found.
        explain: Whether to tell why it has its place.
    """
    fused, found = shown.fused, shown.found
    facts = found.facts
    return Hit(
        session_id=facts["session_id"],
        message_id=fused.id,
        entry_id=facts["entry_id"],
        role=facts["role"],
        timestamp=iso(facts["timestamp"]),
        score=round(fused.score, 4),
        snippet=with_markers(_snippet(fused, found, passage), markers),
        sender=facts.get("sender_name") or facts.get("sender_id"),
        channel=facts.get("channel"),
        agent=facts.get("agent_id"),
        model="/".join(facts[name] for name in ("provider", "model") if facts.get(name)) or None,
        project=facts.get("project"),
        title=found.title,
        duplicates=shown.duplicates,
        explanation=explanation(fused) if explain else None,
    )


def _snippet(fused: Fused, found: Found, passage: str | None) -> str:
    """The passages with words of the query, unless meaning alone found it: there they stand by chance."""
    if passage is not None and "text" not in fused.places:
        return beginning(passage)
    return found.marked or beginning(passage or str(found.facts.get("text", "")))


def explanation(fused: Fused) -> dict[str, Any]:
    """Why it has its place: rank and score in each ranking that has it, what its age and the turn after it add."""
    places: Mapping[str, Any] = {
        name: {"rank": place.rank, "score": round(place.score, 4)} for name, place in fused.places.items()
    }
    return {**places, "recency": round(fused.recency, 4), "turn_after": round(fused.after, 4)}
