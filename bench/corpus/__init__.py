"""Clawdbot transcripts made to measure: true formats, readable conversations, known facts, repeatable by seed."""

from bench.corpus.facts import Corpus, FileFacts, SessionFacts, ToolFacts
from bench.corpus.sessions import append_line, live_session
from bench.corpus.statefolder import Session, generate, iter_sessions

__all__ = [
    "Corpus",
    "FileFacts",
    "Session",
    "SessionFacts",
    "ToolFacts",
    "append_line",
    "generate",
    "iter_sessions",
    "live_session",
]
