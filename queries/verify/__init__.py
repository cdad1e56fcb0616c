"""Proves that every store holds what the log implies, or names what differs."""

from queries.verify.ledger import Check, Difference
from queries.verify.run import Report, verify

__all__ = ["Check", "Difference", "Report", "verify"]
