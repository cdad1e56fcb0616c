"""The OpenSearch sink and its templates, against a real OpenSearch."""

import base64
from collections.abc import Iterator

import pytest
from opensearchpy import OpenSearch

from consumers.opensearch.documents import document
from consumers.opensearch.refreshing import CATCHING_UP
from consumers.opensearch.sink import OpenSearchSink
from infra.opensearch.setup import put_templates
from queries.opensearch import StoredDocument, fetch_documents
from queries.search import search
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError, UnavailableError
from sessiontrack.settings import OpenSearchSettings, Settings
from tests.records import message, session, tool_call
from tests.stack.indexes import own_indexes, projected, received, store
from tests.stack.waiting import PATIENCE_S

# Nobody listens on the discard port of a loopback address.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def settings(stack_settings: Settings) -> Iterator[Settings]:
    with own_indexes(stack_settings) as own:
        yield own


def stored(settings: Settings, dataset: str = "messages") -> dict[str, StoredDocument]:
    return {found.id: found for found in fetch_documents(settings, dataset)}


async def test_what_is_stored_equals_the_projection(settings: Settings) -> None:
    records = {
        SESSIONS.name: session(session_id="s1", title="Household", messages_by_role={"user": 1, "robot": 2}),
        MESSAGES.name: message(message_id="m1", session_id="s1", text="läuft 🎉 \ufffd", cost_nanousd=11_565_900),
        TOOL_CALLS.name: tool_call(tool_call_id="t1", session_id="s1", arguments='{"path":"a\\nb"}'),
    }
    await store(settings, [received(topic, record) for topic, record in records.items()])
    for topic, record in records.items():
        expected = document(topic, record)
        found = stored(settings, expected.dataset)[expected.id]
        assert (found.version, found.source) == (expected.version, expected.body)


async def test_a_batch_that_comes_again_changes_nothing(settings: Settings) -> None:
    batch = [received(MESSAGES.name, message(message_id=f"m{number}")) for number in range(250)]
    await store(settings, batch, batch)
    found = stored(settings)
    assert len(found) == 250
    assert {each.version for each in found.values()} == {1}


async def test_a_newer_version_replaces_and_an_older_one_is_ignored(settings: Settings) -> None:
    versions = [received(MESSAGES.name, message(message_id="m1", version=v, text=str(v))) for v in (1, 3, 2)]
    await store(settings, *([each] for each in versions))
    assert stored(settings)["m1"].source["text"] == "3"


async def test_a_document_of_the_same_version_stays(settings: Settings) -> None:
    texts = [received(MESSAGES.name, message(message_id="m1", text=text)) for text in ("first", "again")]
    await store(settings, *([each] for each in texts))
    assert stored(settings)["m1"].source["text"] == "first"


async def test_a_tombstone_deletes_also_when_it_comes_again(settings: Settings) -> None:
    first, tombstone = received(MESSAGES.name, message(message_id="m1")), received(MESSAGES.name, None, key="m1")
    await store(settings, [first], [tombstone], [tombstone], [first, tombstone])
    assert not stored(settings)


async def test_what_is_durable_is_returned(settings: Settings) -> None:
    sink = OpenSearchSink(settings)
    await sink.open()
    batch = [received(MESSAGES.name, message(message_id=f"m{offset}"), offset=offset) for offset in (7, 8)]
    assert await sink.write(projected(settings, batch)) == {batch[0].partition: 9}
    await sink.close()


async def test_while_a_sink_catches_up_the_indexes_refresh_seldom(settings: Settings) -> None:
    small = settings.model_copy(update={"sink": settings.sink.model_copy(update={"batch_records": 2})})
    alias = settings.opensearch.alias("messages")

    def interval() -> str:
        with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
            [index] = client.indices.get_settings(index=alias).values()
        found: str = index["settings"]["index"]["refresh_interval"]
        return found

    async def catch_up(sink: OpenSearchSink) -> None:
        for number in range(6):
            batch = [received(MESSAGES.name, message(message_id=f"{number}-{which}")) for which in "ab"]
            await sink.write(projected(settings, batch))

    sink = OpenSearchSink(small)
    await sink.open()
    await catch_up(sink)
    assert interval() == CATCHING_UP
    await sink.idle()
    assert interval() == settings.opensearch.refresh_interval
    await catch_up(sink)
    other = OpenSearchSink(small)
    await other.open()  # as after a kill
    assert interval() == settings.opensearch.refresh_interval
    await other.close()
    await sink.close()


async def test_a_record_that_does_not_fit_is_named_and_the_others_are_stored(settings: Settings) -> None:
    good = received(MESSAGES.name, message(message_id="good"))
    bad = received(MESSAGES.name, message(message_id="bad", timestamp=2**63 - 1, images=2**40))
    with pytest.raises(TerminalError, match="/bad: mapper_parsing_exception"):
        await store(settings, [good, bad])
    assert stored(settings).keys() == {"good"}


async def test_an_index_that_can_not_be_written_now_is_waited_for(settings: Settings) -> None:
    alias = settings.opensearch.alias("messages")
    batch = [received(MESSAGES.name, message(message_id="m1"))]
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        for block in ("read_only_allow_delete", "write"):
            client.indices.put_settings(index=alias, body={f"index.blocks.{block}": True})
            with pytest.raises(TransientError, match="cluster_block_exception"):
                await store(settings, batch)
            client.indices.put_settings(index=alias, body={f"index.blocks.{block}": None})
    await store(settings, batch)
    assert stored(settings).keys() == {"m1"}


async def test_without_its_alias_nothing_is_written_and_no_index_is_made(settings: Settings) -> None:
    sink = OpenSearchSink(settings)
    await sink.open()
    alias = settings.opensearch.alias("messages")
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        client.indices.delete(index=f"{alias}-000001")
        with pytest.raises(TransientError):
            await sink.write(projected(settings, [received(MESSAGES.name, message(message_id="m1"))]))
        await sink.close()
        assert not client.indices.exists(index=alias)
    with pytest.raises(TransientError, match="no alias"):
        await store(settings)
    with pytest.raises(UnavailableError, match="no indexes"):
        list(fetch_documents(settings, "messages"))


async def test_no_text_makes_a_document_fail(settings: Settings) -> None:
    texts = {
        "one word": "x" * 100_000,
        "base64": base64.b64encode(bytes(range(256)) * 400).decode(),
        "wide": "漢" * 100_000,
        "escapes": "\\" * 50_000 + "\x00\x1b\u2028",
        "as large as an event can be": "disk full at /var/log/syslog\n" * 18_000,
        "separators": "a/b_c-d.e" * 50_000,
    }
    long_name = "n" * 40_000
    await store(
        settings,
        [
            received(MESSAGES.name, message(message_id=name, text=text, thinking=text, tool_arguments=text))
            for name, text in texts.items()
        ],
        [received(MESSAGES.name, message(message_id="names", sender_name=long_name, cwd=long_name, project=long_name))],
    )
    found = stored(settings)
    assert found.keys() == {*texts, "names"}
    assert all(found[name].source["text"] == text for name, text in texts.items())
    hits = search(settings, "syslog", limit=5, mode="text").hits
    assert [hit.message_id for hit in hits] == ["as large as an event can be"]
    assert "<em>syslog</em>" in hits[0].snippet


async def test_an_alteration_shows_against_the_projection(settings: Settings) -> None:
    expected = {name: document(MESSAGES.name, message(message_id=name, text="as it was")) for name in ("m1", "m2")}
    await store(settings, [received(MESSAGES.name, message(message_id=name, text="as it was")) for name in expected])
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        alias = settings.opensearch.alias("messages")
        client.update(index=alias, id="m1", body={"doc": {"text": "altered"}})
        client.index(index=alias, id="surplus", body={})
    found = stored(settings)
    assert {name for name, each in found.items() if name not in expected} == {"surplus"}
    assert [name for name in expected if found[name].source != expected[name].body] == ["m1"]


async def test_documents_of_one_session(settings: Settings) -> None:
    batch = [
        received(MESSAGES.name, message(message_id=f"{session_id}-{number}", session_id=session_id))
        for session_id in ("s1", "s2")
        for number in range(120)
    ]
    await store(settings, batch)
    found = [each.source["session_id"] for each in fetch_documents(settings, "messages", "s1")]
    assert found == ["s1"] * 120


def test_setting_up_again_keeps_what_is_there_and_brings_new_fields(settings: Settings) -> None:
    alias = settings.opensearch.alias("messages")
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        client.index(index=alias, id="m1", body={"text": "kept"}, params={"refresh": "true"})
        put_templates(settings)
        assert client.count(index=alias)["count"] == 1
        assert list(client.indices.get_alias(name=alias)) == [f"{alias}-000001"]


def test_a_mapping_that_can_not_become_ours_is_said(settings: Settings) -> None:
    alias = settings.opensearch.alias("messages")
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        client.indices.delete(index=f"{alias}-000001")
        client.indices.create(
            index=f"{alias}-000001",
            body={"aliases": {alias: {}}, "mappings": {"properties": {"text": {"type": "long"}}}},
        )
    with pytest.raises(SessionTrackError, match="illegal_argument_exception") as raised:
        put_templates(settings)
    assert raised.value.hint


async def test_an_opensearch_that_does_not_answer_is_said() -> None:
    settings = Settings(opensearch=OpenSearchSettings(url=NOWHERE))
    with pytest.raises(TransientError, match="does not answer"):
        await store(settings)
    with pytest.raises(UnavailableError) as raised:
        list(fetch_documents(settings, "messages"))
    assert "sessiontrack up" in (raised.value.hint or "")
    with pytest.raises(UnavailableError):
        put_templates(settings)
