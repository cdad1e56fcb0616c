"""The ground truth: what a session holds, noted by the generator while it writes, never read from its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from bench.corpus.javascript import Json
from bench.corpus.models import Usage

TOKEN_KINDS = ("input", "output", "cache_read", "cache_write", "total")
Ending = Literal["open", "superseded", "reset", "deleted"]


@dataclass
class ToolFacts:
    """Calls of one tool by outcome; ``unanswered`` ones have no result because the process died."""

    succeeded: int = 0
    failed: int = 0
    unanswered: int = 0


@dataclass(frozen=True)
class FileFacts:
    """A file that belongs to a session; ``path`` is relative to the state folder."""

    path: str
    kind: Literal["transcript", "reset", "deleted", "bak"]
    sha256: str
    size: int
    lines: int


@dataclass
class SessionFacts:
    """Plain reference facts of one session; times are epoch milliseconds, costs US dollars.

    Counts hold the session's own entries, each once, however many files repeat it; what a fork copied from its parent
    is only counted in ``inherited_lines``. ``messages`` counts message lines by role, with the gateway's own rows
    (``injected``) and refused calls (``errors``) among the assistant's. ``models`` are in the order of first use.
    ``ended`` says what became of the session: still ``open`` under its key, ``superseded`` (2026.1 leaves the old file
    in place), ``reset`` or ``deleted``.
    """

    session_id: str
    agent_id: str
    session_key: str
    channel: str | None
    chat_type: str
    cwd: str
    language: str
    started_at: int
    last_activity_at: int = 0
    participants: list[str] = field(default_factory=list)
    scenarios: list[str] = field(default_factory=list)
    lines: int = 0
    inherited_lines: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    injected: int = 0
    errors: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOKEN_KINDS, 0))
    cost_usd: float = 0.0
    models: list[str] = field(default_factory=list)
    tools: dict[str, ToolFacts] = field(default_factory=dict)
    model_changes: int = 0
    thinking_level_changes: int = 0
    compactions: int = 0
    branches: int = 0
    parent_session_id: str | None = None
    spawned_by: str | None = None
    ended: Ending = "open"
    ended_at: int | None = None
    files: list[FileFacts] = field(default_factory=list)

    def tool(self, name: str) -> ToolFacts:
        """The tally of a tool, made at its first call."""
        return self.tools.setdefault(name, ToolFacts())

    def add_message(self, role: str) -> None:
        """Notes a message line."""
        self.messages[role] = self.messages.get(role, 0) + 1

    def add_call(self, model: str, usage: Usage) -> None:
        """Notes a call of a model."""
        if model not in self.models:
            self.models.append(model)
        counts = (usage.input, usage.output, usage.cache_read, usage.cache_write, usage.total_tokens)
        for kind, count in zip(TOKEN_KINDS, counts, strict=True):
            self.tokens[kind] += count
        self.cost_usd += usage.total_cost

    def as_json(self) -> Mapping[str, Json]:
        """For ``--facts``."""
        return asdict(self)


@dataclass
class Corpus:
    """A generated state folder and what is true of it."""

    root: Path
    brand: str
    seed: int
    sessions: list[SessionFacts]

    @property
    def lines(self) -> int:
        """Lines in all transcripts and archives, copies included."""
        return sum(file.lines for session in self.sessions for file in session.files)

    @property
    def size(self) -> int:
        """Bytes of all transcripts and archives."""
        return sum(file.size for session in self.sessions for file in session.files)

    def session(self, session_id: str) -> SessionFacts:
        """The facts of one session.

        Raises:
            KeyError: there is no such session.
        """
        for session in self.sessions:
            if session.session_id == session_id:
                return session
        raise KeyError(session_id)
