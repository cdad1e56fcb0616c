"""What must hold after faults: every store equals the log, nothing is there twice, files come back byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from queries.export import export
from queries.opensearch import fetch_documents
from queries.postgres import connected
from queries.verify import verify
from sessiontrack.settings import Settings
from tests.faults.recovery import LONGEST_S, stored_lines
from tests.faults.writer import Written


@dataclass
class Findings:
    """What checks found.

    Attributes:
        lost: Records that are not where they should be, by dataset.
        doubled: Records that should not be there, by dataset.
        differing: What else is wrong, for people.
        exports: Transcripts that came back as they are.
        events: Records of the log.
        repeats: Of those, how many had come before.
    """

    lost: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)
    exports: int = 0
    events: int = 0
    repeats: int = 0

    @property
    def are_none(self) -> bool:
        """Nothing is wrong."""
        return not (self.lost or self.doubled or self.differing)

    def compare(self, dataset: str, expected: Counter[str], found: Counter[str]) -> None:
        """Compares counts by session."""
        self.lost[dataset] += (expected - found).total()
        self.doubled[dataset] += (found - expected).total()
        self.lost, self.doubled = +self.lost, +self.doubled


def check(settings: Settings, written: Written, transcripts: Mapping[str, Path], sessions: Collection[str]) -> Findings:
    """Checks all stores.

    Args:
        settings: Where the servers are.
        written: What was written, and is in the stores.
        transcripts: The file of each session.
        sessions: Which of them to export.
    """
    findings = Findings()
    _verify(settings, findings)
    _count(settings, written, findings)
    for session_id in sessions:
        if b"".join(export(settings, session_id)) == transcripts[session_id].read_bytes():
            findings.exports += 1
        else:
            findings.differing.append(f"the export of session {session_id} is not its file")
    return findings


def _verify(settings: Settings, findings: Findings) -> None:
    report = verify(settings, full=True, stall_s=LONGEST_S)
    findings.events, findings.repeats = report.records, report.repeats
    for difference in report.differences:
        dataset = f"{difference.store}/{difference.dataset}"
        match difference.kind:
            case "missing":
                findings.lost[dataset] += 1
            case "surplus":
                findings.doubled[dataset] += 1
            case "altered":
                findings.differing.append(f"{dataset} {difference.record_id}: {difference.detail}")
    for each in report.checks:
        if each.dead_lettered:
            # There is nothing wrong with any record: what a store refused, it refused because of a fault.
            findings.differing.append(f"{each.store}/{each.dataset}: {each.dead_lettered} dead letters")


def _count(settings: Settings, written: Written, findings: Findings) -> None:
    """Compares with the plain count, which knows nothing of the log."""
    findings.compare("counted lines in PostgreSQL", written.lines, stored_lines(settings))
    with connected(settings) as connection:
        for table, expected in (("messages", written.messages), ("tool_calls", written.tool_calls)):
            rows = connection.execute(f"SELECT session_id, count(*) FROM {table} GROUP BY session_id").fetchall()
            findings.compare(f"counted {table} in PostgreSQL", expected, Counter(dict(rows)))
    for dataset, expected in (("messages", written.messages), ("tool-calls", written.tool_calls)):
        found = Counter(document.source["session_id"] for document in fetch_documents(settings, dataset))
        findings.compare(f"counted {dataset} in OpenSearch", expected, found)
