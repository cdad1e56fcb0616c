"""Search, against a real OpenSearch: what people type finds what they mean, best first."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from queries.filters import Filters
from queries.hits import Hit
from queries.search import search
from schemas.topics import MESSAGES, SESSIONS
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings
from tests.records import message, session
from tests.stack.indexes import own_indexes, received, refresh, store

DAY = 86_400_000
ADA = {"sender_id": "1234", "sender_name": "Ada Lovelace", "channel": "telegram"}
MODEL = {"provider": "anthropic", "model": "claude-opus-4-5"}

# Message id: what is in it. Each is about something else, so that a query has one right answer, or a known order.
MESSAGES_BY_ID: dict[str, dict[str, Any]] = {
    "path": {"text": "The proxy reads `/etc/nginx/nginx.conf`, as always."},
    "folder": {"text": "Look into /etc/nginx for more."},
    "identifier": {"text": "Rename get_user_by_id(key) soon."},
    "shorter identifier": {"text": "Where is get_user called?"},
    "camel": {"text": "fetchInvoiceTotal() returns nothing"},
    "url": {"text": "See https://example.org/guide/setup-tls.html?page=2#top."},
    "mongo": {"text": "MongoServerError: E11000 duplicate key error"},
    "windows": {"text": "It fails with 0x80070005 again."},
    "http": {"text": "The gateway says HTTP 502 today."},
    "posix": {"text": "write failed: ENOSPC"},
    "stem": {"role": "assistant", "text": "Three migrations were running overnight.", **MODEL},
    "german": {"text": "Die Größe der Bücherregale prüfe ich später."},
    "japanese": {"text": "ディスクの空き容量を確認してください。"},
    "chinese": {"text": "请检查服务器的磁盘空间使用情况"},
    "korean": {"text": "서버 디스크가 가득 찼습니다"},
    "phrase": {"text": "It says disk full every night."},
    "no phrase": {"text": "A full report of the disk follows every night."},
    "arguments": {
        "role": "assistant",
        "text": "",
        "tool_arguments": "cat /srv/ledger/journal.dat",
        "tools_used": ["exec"],
    },
    "thinking": {"role": "assistant", "text": "Done.", "thinking": "The wombat question again."},
    "error": {"role": "assistant", "text": "", "error_message": "429 overloaded_error", "is_error": True},
    "question": {"role": "user", "text": "tell me about the platypus", **ADA},
    "result": {
        "role": "toolResult",
        "text": "tell me about the platypus",
        "tools_used": ["web_fetch"],
        "is_error": True,
    },
    "long result": {
        "role": "toolResult",
        "text": "platypus " * 40 + "lorem ipsum " * 4_000,
        "tools_used": ["web_fetch"],
    },
    "inherited": {"text": "an okapi of the parent session", "inherited": True},
    "shop": {"text": "buy quinces", "agent_id": "Home", "project": "/home/ada/shop", "timestamp": 5 * DAY},
    "shop below": {"text": "buy quinces", "project": "/home/ada/shop/web", "timestamp": 6 * DAY},
    "shopping": {"text": "buy quinces", "project": "/home/ada/shopping", "timestamp": 7 * DAY},
}


@pytest.fixture(scope="module")
def settings(stack_settings: Settings) -> Iterator[Settings]:
    with own_indexes(stack_settings) as own:
        records = [
            received(MESSAGES.name, message(**({"message_id": name, "session_id": "s1", "entry_id": name} | fields)))
            for name, fields in MESSAGES_BY_ID.items()
        ]
        title = received(SESSIONS.name, session(session_id="s1", title="Menagerie"))
        asyncio.run(store(own, [*records, title]))
        refresh(own)
        yield own


def found(settings: Settings, query: str, **filters: Any) -> list[str]:
    return [hit.message_id for hit in search(settings, query, Filters(**filters), limit=50).hits]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("/etc/nginx/nginx.conf", "path", id="path whole"),
        pytest.param("nginx.conf", "path", id="file name of a path"),
        pytest.param("/etc/nginx", "folder", id="folder before what is below it"),
        pytest.param("get_user_by_id", "identifier", id="identifier whole"),
        pytest.param("get_user", "shorter identifier", id="whole before part"),
        pytest.param("getUserById", "identifier", id="identifier in another spelling"),
        pytest.param("fetchInvoiceTotal", "camel", id="camel case whole"),
        pytest.param("fetchinvoicetotal", "camel", id="camel case in lower case"),
        pytest.param("invoice", "camel", id="part of camel case"),
        pytest.param("https://example.org/guide/setup-tls.html?page=2#top", "url", id="URL whole"),
        pytest.param("example.org", "url", id="host of a URL"),
        pytest.param("setup-tls", "url", id="part of a URL"),
        pytest.param("E11000", "mongo", id="error code"),
        pytest.param("11000", "mongo", id="number of an error code"),
        pytest.param("duplicate key", "mongo", id="words of an error"),
        pytest.param("0x80070005", "windows", id="hexadecimal code"),
        pytest.param("80070005", "windows", id="digits of a hexadecimal code"),
        pytest.param("HTTP 502", "http", id="status"),
        pytest.param("HTTP502", "http", id="status without a space"),
        pytest.param("enospc", "posix", id="code in lower case"),
        pytest.param("migration run", "stem", id="stems"),
        pytest.param("grosse bucherregale", "german", id="German without umlauts"),
        pytest.param("Bücherregale prüfe", "german", id="German"),
        pytest.param("ディスク容量", "japanese", id="Japanese"),
        pytest.param("確認", "japanese", id="Japanese word"),
        pytest.param("磁盘空间", "chinese", id="Chinese"),
        pytest.param("디스크", "korean", id="Korean without its particle"),
        pytest.param("/srv/ledger/journal.dat", "arguments", id="path in arguments of a call"),
        pytest.param("wombat", "thinking", id="thought"),
        pytest.param("overloaded", "error", id="error of a model call"),
        pytest.param("what did Ada ask about a platypus?", "question", id="question"),
        pytest.param("how do we check the wombat of it", "thinking", id="little words need not be there"),
        pytest.param("platipus", "question", id="misspelt"),
        pytest.param("nginx.conf unknownword", "path", id="one word where no message has both"),
    ],
)
def test_found_first(settings: Settings, query: str, expected: str) -> None:
    assert found(settings, query)[:1] == [expected]


def test_a_part_of_the_path_finds_both(settings: Settings) -> None:
    assert set(found(settings, "nginx")) == {"path", "folder"}


def test_a_phrase_stands_word_by_word(settings: Settings) -> None:
    assert found(settings, '"disk full"') == ["phrase"]
    assert found(settings, "disk full")[0] == "phrase"
    assert set(found(settings, "disk full")) == {"phrase", "no phrase"}
    assert found(settings, '"空き容量"') == ["japanese"]


def test_what_is_excluded_is_left_out(settings: Settings) -> None:
    assert found(settings, "disk full -report") == ["phrase"]
    assert found(settings, 'disk full -"disk full"') == ["no phrase"]


def test_conversation_comes_before_what_tools_print(settings: Settings) -> None:
    assert found(settings, "platypus")[:2] == ["question", "result"]


def test_inherited_messages_are_no_hits(settings: Settings) -> None:
    assert found(settings, "okapi") == []


def test_what_nobody_wrote_is_not_found(settings: Settings) -> None:
    assert found(settings, "zebra-crossing-4711") == []
    assert found(settings, "nginx/unknown.conf") == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"agent": "home"}, ["shop"]),
        ({"project": "/home/ada/shop"}, ["shop below", "shop"]),
        ({"project": "/home/ada/shop/"}, ["shop below", "shop"]),
        ({"project": "shop"}, ["shop below", "shop"]),
        ({"since": 6 * DAY}, ["shopping", "shop below"]),
        ({"until": 6 * DAY}, ["shop"]),
        ({"agent": "h*"}, ["shop"]),
        ({"role": "assistant"}, []),
    ],
)
def test_filters(settings: Settings, filters: dict[str, Any], expected: list[str]) -> None:
    assert found(settings, "quinces", **filters) == expected


@pytest.mark.parametrize(
    ("query", "filters", "expected"),
    [
        ("platypus", {"sender": "ada"}, ["question"]),
        ("platypus", {"sender": "1234"}, ["question"]),
        ("platypus", {"channel": "Telegram"}, ["question"]),
        ("platypus", {"role": "user"}, ["question"]),
        ("platypus", {"role": "tool", "tool": "web_fetch"}, ["result", "long result"]),
        ("migrations", {"model": "claude-opus-4-5"}, ["stem"]),
        ("migrations", {"model": "anthropic/claude-opus-4-5"}, ["stem"]),
        ("migrations", {"model": "openai/claude-opus-4-5"}, []),
        ("platypus", {"failed": "any"}, ["result"]),
        ("platypus", {"failed": "tool"}, ["result"]),
        ("platypus", {"failed": "model"}, []),
        ("429", {"failed": "model"}, ["error"]),
        ("429", {"failed": "tool"}, []),
    ],
)
def test_filters_of_messages(settings: Settings, query: str, filters: dict[str, Any], expected: list[str]) -> None:
    assert found(settings, query, **filters) == expected


def test_equals_come_newest_first_every_time(settings: Settings) -> None:
    assert [found(settings, "quinces") for _ in range(3)] == [["shopping", "shop below", "shop"]] * 3


def test_a_hit_says_where_it_is_and_why(settings: Settings) -> None:
    (hit,) = search(settings, "migrations", limit=1, markers=("[", "]")).hits
    assert hit == Hit(
        session_id="s1",
        message_id="stem",
        entry_id="stem",
        role="assistant",
        timestamp="1970-01-01T00:00:00.000Z",
        score=hit.score,
        snippet="Three [migrations] were running overnight.",
        sender=None,
        channel=None,
        agent=None,
        model="anthropic/claude-opus-4-5",
        project=None,
        title="Menagerie",
    )


@pytest.mark.parametrize(
    ("query", "snippet"),
    [
        ("/etc/nginx/nginx.conf", "The proxy reads `[/etc/nginx/nginx.conf]`, as always."),
        ("invoice", "fetch[Invoice]Total() returns nothing"),
        ("wombat", "The [wombat] question again."),
        ("空き容量", "ディスクの[空]き[容量]を確認してください。"),
    ],
)
def test_snippets(settings: Settings, query: str, snippet: str) -> None:
    assert search(settings, query, limit=1, markers=("[", "]")).hits[0].snippet == snippet


HOSTILE = (
    *('"', '"a', "a\\", "/", "a/", "a OR", "AND NOT x", "field:value", "[1 TO", "{}", "*", "~", "^", "a~9", "((("),
    *("\ud800 x", "\x00\x01 a", "x" * 4_000, "a/" * 2_000, "漢" * 4_000, '"a b" ' * 600, "-a " * 1_300 + "b"),
    " ".join(f"a.b:c/{number}" for number in range(300)),
)


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query[:8]))
def test_no_query_breaks_it(settings: Settings, query: str) -> None:
    with suppress(UsageError):
        search(settings, query)
