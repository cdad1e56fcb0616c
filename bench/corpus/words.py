"""Filling of random length that still reads well: prose by language, log lines, rows of figures.

Words are drawn by Zipf's law (the n-th of a list comes about 1/n as often as the first), lengths are log-normal,
as they are in real conversations: most texts are short, a few are very long. The words are everyday things that no
screenplay is about, so that a search for what a conversation is about finds that conversation.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

# Patterns of sentences are few: drawn by plain Zipf, every third sentence would have the same shape.
_PATTERN_EXPONENT = 0.3


@cache
def _zipf_weights(count: int, exponent: float) -> tuple[float, ...]:
    return tuple(accumulate(rank**-exponent for rank in range(1, count + 1)))


def zipf(rng: random.Random, ranked: Sequence[T], exponent: float = 1.0) -> T:
    """Draws from a list that is sorted by frequency; a smaller exponent evens the frequencies out."""
    return rng.choices(ranked, cum_weights=_zipf_weights(len(ranked), exponent))[0]


def length(rng: random.Random, median: float, sigma: float, most: int) -> int:
    """A log-normal length of at least 1 and at most ``most``."""
    return max(1, min(most, round(median * rng.lognormvariate(0, sigma))))


def sentence(rng: random.Random, language: str) -> str:
    """One sentence."""
    patterns, things, actions, qualities = _GRAMMARS[language]
    first = zipf(rng, things)
    second = zipf(rng, [thing for thing in things if thing != first])
    text = zipf(rng, patterns, _PATTERN_EXPONENT).format(
        a=first, b=second, do=zipf(rng, actions), how=zipf(rng, qualities)
    )
    return text[0].upper() + text[1:]


def prose(rng: random.Random, language: str, sentences: int) -> str:
    """Paragraphs of three to five sentences."""
    joint = "" if language == "ja" else " "
    paragraphs = []
    while sentences > 0:
        count = min(sentences, rng.randint(3, 5))
        paragraphs.append(joint.join(sentence(rng, language) for _ in range(count)))
        sentences -= count
    return "\n\n".join(paragraphs)


def log_lines(rng: random.Random, count: int) -> str:
    """Lines of a server's log."""
    second = rng.randrange(86_400 - count)
    lines = []
    for _ in range(count):
        second = min(86_399, second + rng.randint(0, 3))
        clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        message = zipf(rng, _LOG_MESSAGES).format(n=rng.randint(2, 4999), path=zipf(rng, _LOG_PATHS))
        lines.append(f"{clock} {zipf(rng, _LOG_LEVELS)} {zipf(rng, _LOG_SERVICES)}: {message}")
    return "\n".join(lines)


def rows(rng: random.Random, count: int) -> str:
    """Rows of an account book as CSV."""
    return "\n".join(_row(rng) for _ in range(count))


def _row(rng: random.Random) -> str:
    day, cents = f"2026-{rng.randint(1, 10):02}-{rng.randint(1, 28):02}", rng.randint(199, 28_999)
    return f"{day},{zipf(rng, _PAYEES)},{cents / 100:.2f},EUR"


_LOG_LEVELS = ("INFO", "INFO", "DEBUG", "WARN", "ERROR")
_LOG_SERVICES = ("nginx", "api", "worker", "postgres", "scheduler", "restic", "mongod", "zigbee2mqtt", "cupsd")
_LOG_PATHS = (
    "/api/v1/orders",
    "/healthz",
    "/api/v1/users/42",
    "/login",
    "/var/lib/postgresql/18/main",
    "/static/app.css",
    "/api/v1/invoices",
    "/srv/photos/2025",
    "/etc/nginx/sites-enabled/shop.conf",
    "/var/log/journal",
)
_LOG_MESSAGES = (
    "GET {path} 200 in {n} ms",
    "request finished, {n} bytes sent for {path}",
    "connection pool has {n} idle connections",
    "cache miss for {path}, filled in {n} ms",
    "POST {path} 201 in {n} ms",
    "checkpoint complete: wrote {n} buffers",
    "upstream timed out (110: Connection timed out) while reading {path}",
    "retrying {path} after {n} ms",
    "snapshot {n} saved",
    "slow query: {n} ms, see get_user_by_id in {path}",
    "GET {path} 502 Bad Gateway after {n} ms",
    "certificate expires in {n} hours",
    "write {path}: ENOSPC: no space left on device",
    "rotated {path}",
    "E11000 duplicate key error, document {n} skipped",
)
_PAYEES = (
    "Supermarket",
    "Bakery",
    "City Utilities",
    "Railway",
    "Pharmacy",
    "Bookshop",
    "Fibre Internet",
    "Hardware Store",
    "Insurance",
    "Cinema",
    "Garden Centre",
    "Music School",
    "Vet",
)

# For each language: patterns, things, actions, qualities; each list begins with the commonest.
_GRAMMARS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "{a} comes first, then {b}.",
            "I would {do} {a} before we touch {b}.",
            "{a} is {how}, so there is no hurry with {b}.",
            "if {b} gets in the way, we {do} {a} and try again tomorrow.",
            "the notes mention {a} twice and say nothing about {b}.",
            "last time we forgot {a}; this time it is written down next to {b}.",
            "it is {how} to {do} {a} once a week.",
            "keep {a} and {b} apart, otherwise it is hard to see what changed.",
            "nobody has looked at {b} since spring, although {a} depends on it.",
            "once {a} is {how}, we can {do} {b} in the evening.",
        ),
        (
            "the plan",
            "the list",
            "the first draft",
            "the calendar",
            "the notebook",
            "the budget",
            "the test run",
            "the old server",
            "the shared folder",
            "the reminder",
            "the inventory",
            "the configuration",
            "the weekend plan",
            "the report",
            "the photo archive",
            "the timetable",
            "the router",
            "the translation",
            "the shopping",
            "the storage room",
            "the bookshelf",
            "the garden",
            "the spare key",
            "the rain barrel",
            "the train ticket",
            "the thermostat",
            "the checklist",
            "the dashboard",
            "the library card",
            "the printer",
            "the monitoring",
            "the picnic basket",
            "the tax folder",
            "the access log",
            "the address book",
            "the bicycle",
            "the staging environment",
            "the guest list",
            "the message queue",
            "the piano lesson",
        ),
        (
            "check",
            "update",
            "move",
            "write down",
            "test",
            "finish",
            "print",
            "compare",
            "simplify",
            "postpone",
            "rename",
            "archive",
            "measure",
            "replace",
            "explain",
            "double-check",
        ),
        (
            "fine",
            "simple",
            "ready",
            "safe",
            "cheap",
            "quiet",
            "complete",
            "reliable",
            "worthwhile",
            "reversible",
            "tidy",
            "slow but steady",
        ),
    ),
    "de": (
        (
            "zuerst kommen {a}, danach {b}.",
            "ich würde {a} {do}, bevor wir {b} anfassen.",
            "{a} sind {how}, für {b} ist noch Zeit.",
            "in den Notizen stehen {a} zweimal, {b} gar nicht.",
            "beim letzten Mal haben wir {a} vergessen, und {b} beinahe auch.",
            "{a} und {b} bitte getrennt halten, sonst sieht man nicht, was sich geändert hat.",
        ),
        (
            "die Termine",
            "die Listen",
            "die Adressen",
            "die Fotos",
            "die Unterlagen",
            "die Einkäufe",
            "die Notizen",
            "die Fahrkarten",
            "die Passwörter",
            "die Rezepte",
            "die Lampen",
            "die Heizkörper",
            "die Belege",
            "die Geschenke",
            "die Vokabeln",
            "die Protokolle",
            "die Ersatzteile",
            "die Nachbarn",
        ),
        (
            "prüfen",
            "sortieren",
            "ausdrucken",
            "aufschreiben",
            "vergleichen",
            "verschieben",
            "ersetzen",
            "abhaken",
            "umbenennen",
        ),
        ("in Ordnung", "vollständig", "einfach", "günstig", "zuverlässig", "übersichtlich", "schnell erledigt"),
    ),
    "es": (
        (
            "primero van {a} y luego {b}.",
            "yo dejaría {a} para mañana y hoy miraría {b}.",
            "conviene {do} {a} antes de tocar {b}.",
            "en las notas aparecen {a} dos veces y de {b} no se dice nada.",
            "la última vez olvidamos {a}; ahora están en la lista junto a {b}.",
            "si fallan {b}, podemos {do} {a} otra vez por la tarde.",
        ),
        (
            "las fotos",
            "los correos",
            "las direcciones",
            "los billetes",
            "las listas",
            "los recibos",
            "las carpetas",
            "los apuntes",
            "las recetas",
            "los regalos",
            "las llaves",
            "los horarios",
            "las bombillas",
            "los contratos",
            "las plantas",
            "los ejercicios",
        ),
        ("revisar", "ordenar", "imprimir", "apuntar", "comparar", "mover", "cambiar", "guardar", "renombrar"),
        ("bien", "completas", "claras", "baratas", "seguras", "listas"),
    ),
    "ja": (
        (
            "まず{a}を{do}、次に{b}を見ます。",
            "{a}は{how}ので、{b}は急がなくて大丈夫です。",
            "{b}の前に{a}を{do}おきましょう。",
            "メモには{a}が二回出てきますが、{b}は書かれていません。",
            "前回は{a}を忘れたので、今回は{b}と一緒にリストに入れました。",
            "{a}と{b}は分けておくと分かりやすいです。",
        ),
        (
            "予定表",
            "買い物リスト",
            "写真",
            "領収書",
            "切符",
            "宿題",
            "ノート",
            "レシピ",
            "照明",
            "地図",
            "設定ファイル",
            "プレゼント",
            "暖房",
            "鍵",
            "議事録",
            "図書カード",
        ),
        ("確認して", "整理して", "印刷して", "書き留めて", "比べて", "移して", "直して", "保存して"),
        ("問題ない", "簡単な", "安全な", "整っている", "もう終わっている", "安い"),
    ),
}
