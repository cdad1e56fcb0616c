from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.clawdbot.envelope import is_synthetic, sender_of, without_envelope


def sender(said: str, **message: Any) -> tuple[str | None, str | None, str | None, str] | None:
    found = sender_of(message, said)
    return found and (found["id"], found["name"], found["channel"], found["provenance"])


@pytest.mark.parametrize(
    ("said", "sender_id", "name", "channel"),
    [
        ("[Telegram Ada id:1234 +2m 2026-01-24 10:00 CET] hi", "1234", "Ada", "telegram"),
        ("[Telegram Ada Byron (@ada) id:1234 2026-01-24T10:00Z] hi", "1234", "Ada Byron", "telegram"),
        ("[WhatsApp +491555123456 +2m Sat 2026-01-24 10:00 GMT+1] hi", "+491555123456", None, "whatsapp"),
        ("[iMessage ada@example.org 2026-01-24 10:00 CET] hi", "ada@example.org", None, "imessage"),
        ("[Google Chat Ada +5s] hi", None, "Ada", "googlechat"),
        ("[Discord ada user id:7 +5h 2026-01-24 10:00 CET] hi", "7", "ada", "discord"),
        ("[WebChat Ada mac.local 10.0.0.4 2026-01-24 10:00 UTC] hi", None, "Ada", "webchat"),
        ("[Slack +3d] hi", None, None, "slack"),
        ("[Telegram Friends id:-100123 topic:4 +2m 2026-01-24 10:00 CET] Ada (1234): a: b", "1234", "Ada", "telegram"),
        ("[Telegram Friends id:-100123 2026-01-24 10:00 CET] Ada (@ada) id:12: hi", "12", "Ada", "telegram"),
        ("[Discord Guild #general channel id:99 +5h 2026-01-24 10:00 CET] ada: hi", None, "ada", "discord"),
        ("System: [2026-01-24 10:00:00 UTC] Started.\n\n[Signal Ada id:9 +1m] hi", "9", "Ada", "signal"),
        (
            "[Chat messages since your last reply - for context]\n[WhatsApp 1@g.us +1m] Bob: a\n\n"
            "[Current message - respond to this]\n[WhatsApp 1@g.us +1m] Ada (+15551234): b",
            "+15551234",
            "Ada",
            "whatsapp",
        ),
        (
            'Conversation info (untrusted metadata):\n```json\n{"chat_id": "telegram:33", "sender_id": "5"}\n```\n\n'
            'Sender (untrusted metadata):\n```json\n{"id": "5", "name": "Ada"}\n```\n\nhi',
            "5",
            "Ada",
            "telegram",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_senders_in_the_text(said: str, sender_id: str | None, name: str | None, channel: str) -> None:
    assert sender(said) == (sender_id, name, channel, "PARSED")


@pytest.mark.parametrize(
    "said",
    ["hi", "[1] first", "[TODO] buy milk", "[Line 3] fix this", "[Signal] lost", "[link](https://x.org) id:7",
     "hi\n[message_id: 38626031-7253]", "Sender (untrusted metadata):\n```json\n{torn\n```\nhi", ""],
)  # fmt: skip
def test_ordinary_texts_have_no_sender(said: str) -> None:
    assert sender(said) is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[Telegram Ada Byron (@ada) id:1234 +2m 2026-01-24 10:00 CET] Where is it?\n[message_id: 33]", "Where is it?"),
        ("[Discord Guild #general channel id:99 +5h 2026-01-24 10:00 CET] ada: a: b", "a: b"),
        ("System: [2026-01-24 10:00:00 UTC] Started.\n\n[Signal Ada id:9 +1m] Ada", "Ada"),
        ('Sender (untrusted metadata):\n```json\n{"id": "5"}\n```\n\nhi', "hi"),
        ("System: [2026-01-24 10:00:00 UTC] Started.", "System: [2026-01-24 10:00:00 UTC] Started."),
        ("[Signal] lost\n", "[Signal] lost\n"),
    ],
)
def test_what_a_person_wrote_is_without_what_the_product_puts_around_it(said: str, words: str) -> None:
    assert without_envelope(said) == words


def test_openclaw_states_the_client() -> None:
    facts = {"senderIsOwner": True, "transport": {"clients": [{"id": "gateway-client", "displayName": "probe"}]}}
    assert sender("hi", __openclaw=facts) == ("gateway-client", "probe", "webchat", "INFERRED")


def test_openclaw_states_the_sender() -> None:
    message = {"senderId": "1234", "senderName": "Ada", "sourceChannel": "Telegram"}
    assert sender("hi", **message) == ("1234", "Ada", "telegram", "OBSERVED")


def test_that_it_is_the_owners_names_nobody() -> None:
    assert sender("hi", __openclaw={"senderIsOwner": True}) is None
    assert sender("[Slack Ada +1m] hi", __openclaw={"senderIsOwner": True}) == (None, "Ada", "slack", "PARSED")


@pytest.mark.parametrize(
    "said",
    [
        "A new session was started via /new or /reset. Say hi briefly.\n[message_id: 1]",
        "Read HEARTBEAT.md if it exists (workspace context). Follow it strictly.",
        "System: [2026-01-24 10:00:00 UTC] Exec finished\n\nRead HEARTBEAT.md if it exists.",
        "System: [2026-01-24 10:00:00 UTC] Node connected\nSystem: with two lines\n[message_id: 1]",
        "[cron:1f2e28c5-37e0 nightly] Check the disk",
        "HEARTBEAT",
    ],
)
def test_prompts_that_nobody_typed(said: str) -> None:
    assert is_synthetic(said)


@pytest.mark.parametrize(
    "said",
    [
        "System: [2026-11-22 00:53:52 UTC] Model switched.\n\nadd coffee to the list\n[message_id: c9eb]",
        "System: [2026-11-22 00:53:52 UTC] Model switched.\nadd coffee to the list",
        "System: is down",
        "Read HEARTBEAT.md and tell me what it says",
        "[message_id: 1]",
        "",
    ],
)
def test_messages_of_people(said: str) -> None:
    assert not is_synthetic(said)


@given(st.text(st.sampled_from("[] \n:()id@#+Telgram2026-01-24T10"), max_size=400))
def test_any_text_is_understood_or_not(said: str) -> None:
    sender(said)
    is_synthetic(said)
