"""`python -m bench.retrieval`: the share of answering turns among the first ten hits, by way of searching."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.machine import describe
from bench.retrieval.conversations import Corpus, Question, generate
from bench.retrieval.indexed import indexed, session_of
from queries import opensearch, questions
from queries.ranking import Mode
from queries.search import search
from queries.session_search import search_sessions
from sessiontrack.settings import Settings, get_settings

_RESULT = Path(__file__).parents[1] / "results" / "retrieval.json"
_HITS = 10
_SESSIONS = 3
_MULTILINGUAL = "multilingual-e5-small"


def main() -> None:
    """Measures every way of searching, and saves it."""
    arguments = _arguments()
    settings, corpus = get_settings(), generate()
    result: dict[str, Any] = {
        "machine": describe(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "turns": len(corpus.turns),
        "questions": len(corpus.questions),
        "recall_at_10": measured(settings, corpus),
    }
    if not arguments.english:
        result["recall_at_10_multilingual"] = translated(settings, corpus)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measured(settings: Settings, corpus: Corpus) -> dict[str, Any]:
    """Recall of each way: of all questions, of those whose answer follows from the turn before it, and by name."""
    found: dict[str, Any] = {}
    with indexed(settings, corpus.turns, bare=True) as bare, questions.kept(bare):
        found["semantic, bare turns"] = _recalls(bare, corpus.questions, "semantic")
        found["hybrid, bare turns"] = _recalls(bare, corpus.questions, "hybrid")
    with indexed(settings, corpus.turns) as own, questions.kept(own), opensearch.pooled(own, 1):
        found["text"] = _recalls(own, corpus.questions, "text")
        found["semantic, with context"] = _recalls(own, corpus.questions, "semantic")
        found["hybrid, with context"] = _recalls(own, corpus.questions, "hybrid")
        found["sessions: their messages"] = _hierarchy(own, corpus)
    return found


def translated(settings: Settings, corpus: Corpus) -> dict[str, Any]:
    """Recall of questions in other languages than the turns, and in English, with the multilingual model."""
    embedding = settings.embedding.model_copy(update={"provider": "local", "model": _MULTILINGUAL, "dimensions": 0})
    found: dict[str, Any] = {}
    with indexed(settings.model_copy(update={"embedding": embedding}), corpus.turns) as own, questions.kept(own):
        for code in ("de", "ja"):
            asked = [question for question in corpus.questions if code in question.translated]
            mean = fmean(_recall(own, question.translated[code], question.evidence, "hybrid") for question in asked)
            found[code] = {"questions": len(asked), "recall": round(mean, 3)}
        asked = [question for question in corpus.questions if question.translated]
        found["en"] = {"questions": len(asked), "recall": _mean(own, asked, "hybrid")}
    return found


def _recalls(settings: Settings, asked: Sequence[Question], mode: Mode) -> dict[str, float]:
    groups = {
        "all": asked,
        "answers to a turn": [question for question in asked if question.needs_turn_before],
        "by a name of its own": [question for question in asked if question.by_name],
    }
    return {name: _mean(settings, group, mode) for name, group in groups.items()}


def _mean(settings: Settings, asked: Iterable[Question], mode: Mode) -> float:
    return round(fmean(_recall(settings, each.text, each.evidence, mode) for each in asked), 3)


def _recall(settings: Settings, text: str, evidence: frozenset[str], mode: Mode) -> float:
    found = {hit.entry_id for hit in search(settings, text, limit=_HITS, mode=mode).hits}
    return len(found & evidence) / len(evidence)


def _hierarchy(settings: Settings, corpus: Corpus) -> dict[str, float]:
    """How often the session with the answer is among the first three, and its turn among what is shown of them."""
    sessions = {turn.turn_id: session_of(turn) for turn in corpus.turns}
    right, shown = [], []
    for question in corpus.questions:
        found = search_sessions(settings, question.text, limit=_SESSIONS).sessions
        wanted = {sessions[turn] for turn in question.evidence}
        right.append(len(wanted & {each.session_id for each in found}) / len(wanted))
        turns = {passage.hit.entry_id for each in found for passage in each.passages}
        around = {t.entry_id for each in found for p in each.passages for t in (*p.before, *p.after)}
        shown.append(len(question.evidence & (turns | around)) / len(question.evidence))
    return {"session among 3": round(fmean(right), 3), "turn shown": round(fmean(shown), 3)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--english", action="store_true", help="leave out the multilingual model")
    parser.add_argument("--out", type=Path, default=_RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
