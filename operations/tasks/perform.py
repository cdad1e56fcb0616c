"""Performs what was asked for, telling how far it is; runs in a process of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from operations.dead_letters.discard import discard
from operations.dead_letters.redrive import Outcome, check_redrivable, redrive
from operations.rebuild.embeddings import rebuild_embeddings
from operations.rebuild.progress import Progress
from operations.rebuild.store import rebuild_store
from operations.rebuild.streams import rebuild_streams
from operations.rebuild.summary import Summary
from operations.repair import repair
from operations.tasks.request import LettersRequest, RebuildRequest, VerifyRequest
from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import Standing, read_standing
from queries.verify import Check, Report, verify
from sessiontrack.errors import NotFoundError, UsageError
from sessiontrack.settings import Settings

Result = dict[str, Any]
Told = Callable[[dict[str, Any]], None]
"""Told of `doing`, and of `done` and `left` records where they are counted."""

# Enough to see what kind of damage it is; the command `verify --json` names all.
_MOST_DIFFERENCES = 100


def perform(settings: Settings, request: VerifyRequest | RebuildRequest | LettersRequest, told: Told) -> Result:
    """Performs it.

    Args:
        settings: Where everything is.
        request: What was asked for.
        told: Told how far it is.

    Returns:
        What it came to.

    Raises:
        SessionTrackError: It can't be done, or what is needed is away.
    """
    match request:
        case VerifyRequest():
            return _verify(settings, request, told)
        case RebuildRequest():
            return _rebuild(settings, request, told)
        case LettersRequest():
            standing = read_standing(settings)
            chosen = _chosen(standing, request)
            if request.kind == "redrive":
                return _redrive(settings, standing, chosen, told)
            discard(settings, standing, chosen)
            return {"discarded": len(chosen)}


def _verify(settings: Settings, request: VerifyRequest, told: Told) -> Result:
    progress = partial(_tell_left, told)
    report = verify(settings, full=request.full, progress=progress)
    repaired = None
    if request.repair and report.differences:
        repaired = repair(settings, report.differences, progress=lambda doing: told({"doing": doing}))
        report = verify(settings, progress=progress)
    return {**_report(report), "repaired": repaired and asdict(repaired)}


def _report(report: Report) -> Result:
    return {
        "equal": not report.differences,
        "records": report.records,
        "read": report.read,
        "sessions": report.sessions,
        "in_motion": report.in_motion,
        "checks": [_check(check) for check in report.checks],
        "differences": [
            {name: value for name, value in asdict(each).items() if name != "unit"}
            for each in report.differences[:_MOST_DIFFERENCES]
        ],
        "more_differences": max(0, len(report.differences) - _MOST_DIFFERENCES),
    }


def _check(check: Check) -> Result:
    kinds = Counter(each.kind for each in check.differences)
    return {
        "store": check.store,
        "dataset": check.dataset,
        "expected": check.expected,
        "stored": check.stored,
        "dead_lettered": check.dead_lettered,
        "discarded": check.discarded,
        **{kind: kinds[kind] for kind in ("missing", "surplus", "altered")},
    }


def _rebuild(settings: Settings, request: RebuildRequest, told: Told) -> Result:
    def report(progress: Progress) -> None:
        told({"doing": progress.doing, "done": progress.read, "left": progress.left})

    if request.what == "embeddings":
        moved = rebuild_embeddings(
            settings,
            again=request.again,
            keep_old=request.keep_old,
            accept_gaps=request.accept_gaps,
            progress=lambda worker, left: _tell_left(told, f"waiting for {worker}", left),
        )
        return {"space": moved.space, "previous": moved.previous, "messages": dict(moved.messages)}
    if request.again:
        raise UsageError(f"nothing of {request.what} is embedded", hint="Leave out again.")
    if request.what == "streams":
        if request.keep_old:
            raise UsageError("the streams have no old store that could be kept", hint="Leave out keep_old.")
        return _summary(rebuild_streams(settings, accept_gaps=request.accept_gaps, report=report))
    return _summary(
        rebuild_store(settings, request.what, keep_old=request.keep_old, accept_gaps=request.accept_gaps, report=report)
    )


def _summary(summary: Summary) -> Result:
    return {
        "origin": summary.origin,
        "records": dict(summary.records),
        "refused": summary.refused,
        "read": summary.progress.read,
        "written": summary.progress.written,
    }


def _chosen(standing: Standing, request: LettersRequest) -> list[Letter]:
    by_key = {letter.key: letter for letter in standing.open}
    missing = [key for key in request.keys if key not in by_key]
    if missing:
        raise NotFoundError(
            f"{len(missing):,} of these dead letters do not stand any more",
            hint="Load the list again, and choose anew.",
        )
    return [by_key[key] for key in dict.fromkeys(request.keys)]


def _redrive(settings: Settings, standing: Standing, letters: list[Letter], told: Told) -> Result:
    check_redrivable(settings, letters)
    outcomes: list[Outcome] = []

    def settled(outcome: Outcome) -> None:
        outcomes.append(outcome)
        told({"doing": "redriving", "done": len(outcomes), "left": len(letters) - len(outcomes)})

    redrive(
        settings,
        standing,
        letters,
        told=settled,
        progress=lambda worker, left: told({"doing": f"waiting for {worker}"}),
    )
    results = Counter(outcome.result for outcome in outcomes)
    return {
        **{result: results[result] for result in ("processed", "overtaken", "refused")},
        "refusals": [
            {"key": outcome.letter.key, **outcome.refusal._asdict()} for outcome in outcomes if outcome.refusal
        ],
    }


def _tell_left(told: Told, doing: str, left: int) -> None:
    told({"doing": doing, "left": left})
