"""Proves that every store holds what the log implies, or names what differs."""

from queries.verify.comparison import Check, Difference
from queries.verify.report import Report
from queries.verify.run import verify

__all__ = ["Check", "Difference", "Report", "verify"]
