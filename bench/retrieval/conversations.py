"""Conversations of two people over months, and questions about them with the turns that answer: the same for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bench.retrieval.kinds import KINDS, MONTHS, Kind
from bench.retrieval.references import REFERENCES, Reference
from bench.retrieval.small_talk import CHATTER, SMALL_TALK

_PAIRS = (
    *(("Anna", "Ben"), ("Clara", "David"), ("Esther", "Felix"), ("Greta", "Henry"), ("Iris", "Jonas")),
    *(("Karla", "Leo"), ("Maya", "Noel"), ("Olga", "Paul"), ("Quinn", "Rosa"), ("Sam", "Tilda")),
)
_BEGIN = datetime(2025, 1, 6, 18, tzinfo=UTC)
# Of each person, so that many kinds are told by both, and all of them by people of other conversations.
_FACTS_OF_EACH = 22
_SESSIONS = 16
_SHARE_TOLD_TWICE = 0.15
# In each session, so that there are hundreds; and how many of them are asked for.
_REFERENCES = 2
_SHARE_ASKED = 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person said.

    Attributes:
        turn_id: Unique in the corpus.
        conversation: Whose.
        session: Which session of the conversation, from 0.
        number: Its place in the session, from 1.
        speaker: Name.
        at: Epoch milliseconds.
        text: The words.
    """

    turn_id: str
    conversation: int
    session: int
    number: int
    speaker: str
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the turns that answer it.

    Attributes:
        text: The question, in English.
        evidence: Ids of the turns.
        needs_turn_before: Whether the answer follows from another turn.
        by_name: Whether it calls a thing by a number or name of its own, as hundreds have one.
        translated: The question in other languages, by their codes.
    """

    text: str
    evidence: frozenset[str]
    needs_turn_before: bool
    by_name: bool
    translated: dict[str, str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All of it."""

    turns: list[Turn]
    questions: list[Question]


@dataclass(slots=True)
class _Told:
    """A fact in a conversation: what is said, and where."""

    kind: Kind | Reference
    subject: str
    other: str
    slots: dict[str, str]
    exchange: tuple[str, ...]
    evidence: list[str] = field(default_factory=list)


def generate(seed: int = 6) -> Corpus:
    """The conversations of ten pairs, some three thousand turns."""
    random = Random(seed)
    turns: list[Turn] = []
    questions: list[Question] = []
    for number, pair in enumerate(_PAIRS):
        said, asked = _conversation(random, number, pair)
        turns += said
        questions += asked
    return Corpus(turns, questions)


def _conversation(random: Random, number: int, pair: tuple[str, str]) -> tuple[list[Turn], list[Question]]:
    told = [each for subject, other in (pair, pair[::-1]) for each in _facts(random, subject, other)]
    random.shuffle(told)
    referred = [_referred(random, pair) for _ in range(_SESSIONS * _REFERENCES)]
    turns: list[Turn] = []
    for session in range(_SESSIONS):
        begin = _BEGIN + timedelta(days=14 * session + random.randrange(10), minutes=random.randrange(240))
        of_session = told[session::_SESSIONS] + referred[session::_SESSIONS]
        for place, (speaker, text, fact) in enumerate(_session(random, pair, of_session), 1):
            turn_id = f"c{number}s{session}t{place}"
            at = int((begin + timedelta(minutes=place)).timestamp() * 1000)
            turns.append(Turn(turn_id, number, session, place, speaker, at, text))
            if fact is not None:
                fact.evidence.append(turn_id)
    asked = [_question(random, fact) for fact in _firsts(told)]
    named = random.sample(referred, round(len(referred) * _SHARE_ASKED))
    return turns, asked + [_question_by_name(fact) for fact in named]


def _facts(random: Random, subject: str, other: str) -> Iterator[_Told]:
    for kind in random.sample(KINDS, _FACTS_OF_EACH):
        slots = {name: random.choice(values) for name, values in kind.slots.items()}
        exchanges = random.sample(kind.exchanges, len(kind.exchanges))
        first = _Told(kind, subject, other, slots, exchanges[0])
        yield first
        if random.random() < _SHARE_TOLD_TWICE:
            # Told again, and found by the same question.
            yield _Told(kind, subject, other, slots, exchanges[1], first.evidence)


def _referred(random: Random, pair: tuple[str, str]) -> _Told:
    kind, (subject, other) = random.choice(REFERENCES), random.sample(pair, 2)
    detail = random.choice(kind.details).format(when=random.choice(MONTHS))
    return _Told(kind, subject, other, {"x": kind.name(random), "y": detail}, kind.exchange)


def _firsts(told: list[_Told]) -> Iterator[_Told]:
    """Of facts that were told twice, one."""
    seen: set[int] = set()
    for fact in told:
        if id(fact.evidence) not in seen:
            seen.add(id(fact.evidence))
            yield fact


def _session(random: Random, pair: tuple[str, str], told: list[_Told]) -> Iterator[tuple[str, str, _Told | None]]:
    yield from _aside(random, pair, SMALL_TALK[0])
    for fact in told:
        for turn in fact.exchange:
            who, _, text = turn.partition(": ")
            speaker = fact.subject if who.startswith("s") else fact.other
            words = text.format(s=fact.subject, o=fact.other, when=random.choice(MONTHS), **fact.slots)
            yield speaker, words[0].upper() + words[1:], fact if who.endswith("!") else None
        for pool in random.sample((SMALL_TALK, CHATTER, SMALL_TALK, CHATTER), random.choice((1, 2, 3))):
            yield from _aside(random, pair, random.choice(pool))


def _aside(random: Random, pair: tuple[str, str], lines: tuple[str, str]) -> Iterator[tuple[str, str, None]]:
    first, second = random.sample(pair, 2)
    yield first, lines[0].format(s=first, o=second), None
    yield second, lines[1].format(s=first, o=second), None


def _question(random: Random, fact: _Told) -> Question:
    assert isinstance(fact.kind, Kind)
    translated = {"de": fact.kind.german, "ja": fact.kind.japanese}
    answer = next(turn for turn in fact.exchange if turn.startswith("s!"))
    asked = random.choice((*fact.kind.questions, fact.kind.lexical, fact.kind.lexical))
    return Question(
        asked.format(s=fact.subject, **fact.slots),
        frozenset(fact.evidence),
        needs_turn_before=fact.exchange.index(answer) > 0,
        by_name=False,
        translated={code: text.format(s=fact.subject) for code, text in translated.items() if text},
    )


def _question_by_name(fact: _Told) -> Question:
    assert isinstance(fact.kind, Reference)
    asked = fact.kind.question.format(**fact.slots)
    return Question(asked, frozenset(fact.evidence), needs_turn_before=False, by_name=True, translated={})
