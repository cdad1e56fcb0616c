"""Who wrote a user message, and through which channel.

Clawdbot 2026.1 says it only in the text: `[Telegram Ada id:1234 +2m 2026-01-24 10:00 CET] text`, in groups
`[Telegram Friends id:-100123 +2m 2026-01-24 10:00 CET] Ada (1234): text`. OpenClaw before July 2026 puts blocks of JSON
("Sender (untrusted metadata):") before the text; later ones state it beside the text. The text itself is never changed.

Source: src/auto-reply/envelope.ts of Clawdbot, the files in its transcripts.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from producers.clawdbot.fields import mapping, text
from schemas.records import Provenance, Sender
from sessiontrack.identity import parse_json

# Channels by the names that heads of envelopes give them, lower case without spaces.
_CHANNELS = {
    "bluebubbles": "bluebubbles",
    "discord": "discord",
    "feishu": "feishu",
    "googlechat": "googlechat",
    "imessage": "imessage",
    "irc": "irc",
    "line": "line",
    "matrix": "matrix",
    "mattermost": "mattermost",
    "msteams": "msteams",
    "nextcloudtalk": "nextcloud-talk",
    "nostr": "nostr",
    "signal": "signal",
    "slack": "slack",
    "sms": "sms",
    "teams": "msteams",
    "telegram": "telegram",
    "tlon": "tlon",
    "twitch": "twitch",
    "webchat": "webchat",
    "whatsapp": "whatsapp",
    "zalo": "zalo",
    "zalopersonal": "zalouser",
}
_WEBCHAT = "webchat"

# Prompts that the product writes in the user's name. A cron job's prompt is one: nobody typed it when it came.
_SYNTHETIC = (
    "A new session was started via /new or /reset",
    "[OpenClaw session reset]",
    "Read HEARTBEAT.md if",
    "Follow the heartbeat monitor scratch context",
    "[OpenClaw heartbeat poll]",
    "[cron:",
    "Pre-compaction memory flush",
    'A background task "',
    "An async command you ran earlier",
    "An async command the user already approved",
)
# Events that happened since the message before: each line is marked, the first of each event is dated.
_EVENTS = re.compile(r"(?=System(?: \(untrusted\))?: \[)(?:System(?: \(untrusted\))?: [^\n]*(?:\n\s*|$))+")
_MESSAGE_ID = re.compile(r"\[message_id: [^\[\]\n]*\]\s*$")
# Stands before the last of several group messages that came together.
_CURRENT_MESSAGE = "[Current message - respond to this]\n"

_METADATA = re.compile(r"(?P<title>[A-Z][\w ,-]*) \(untrusted[^)\n]*\):\n```json\n(?P<json>.*?)\n```\s*", re.DOTALL)

# No head is longer; without a bound a text made of spaces would take quadratic time.
_HEAD = re.compile(r"\[(?P<head>[^\]\n]{1,300})\] ?")
_TIME = re.compile(
    r"(?:^|\s)(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?"
    r"(?:Z| ?[A-Z]{1,5}(?:[+-]\d{1,2}(?::\d\d)?)?| ?[+-]\d\d:?\d\d)?$"
)
_ELAPSED = re.compile(r"(?:^|\s)\+\d+[smhd](?=\s|$)")
_HOST_AND_IP = re.compile(r"(?:^|\s)\S+\s+(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F]*)$")
_ADDRESS = re.compile(r"\+\d{6,}|[^\s@]+@[^\s@]+")
_GROUP = re.compile(r"(?:^|\s)#|@g\.us|^Group\b|id:-\d|id:group:|channel id:")
_SAYS = re.compile(r"(?P<label>[^\n:]{1,80}?(?: id:[^\s:]+)?): ")
_LABEL = re.compile(r"(?P<name>.*?)\s*(?:\((?P<handle>[^()]*)\))?(?:\s*id:(?P<id>\S+))?")


class _Label(NamedTuple):
    """What stands in a head between the channel and the time: a person, or a group."""

    text: str
    channel: str


def is_synthetic(said: str) -> bool:
    """Whether the product wrote a user message itself: a heartbeat, a cron job, a new session's greeting, events only.

    A message that begins with `System: […]` lines and goes on with what a person said is the person's.
    """
    body = _without_events(said)
    if body.startswith(_SYNTHETIC):
        return True
    rest = _MESSAGE_ID.sub("", body).strip()
    return rest == "HEARTBEAT" or (not rest and body != said)


def sender_of(message: dict[str, Any], said: str) -> Sender | None:
    """The sender of a user message, None where nothing is known of it.

    What the message states goes before what its text says. That it is the owner's (`senderIsOwner`) names nobody:
    rows of one session state it and leave it out for the same person.

    Args:
        message: The entry's `message`.
        said: Its text.
    """
    facts = mapping(message.get("__openclaw"))
    return _stated(message) or _stated(facts) or _client(facts) or _parsed(said)


def without_envelope(said: str) -> str:
    """What a person wrote, without what the product puts around it: events, blocks of metadata, the head, ids.

    What others said in between, which group messages bring along, is no envelope. A text that has nothing else stays.
    """
    body = _MESSAGE_ID.sub("", _without_events(said))
    block = _METADATA.match(body)
    while block:
        body = body[block.end() :]
        block = _METADATA.match(body)
    match = _HEAD.match(body)
    if match and (head := _head_label(match["head"])):
        says = _SAYS.match(body, match.end()) if _GROUP.search(head.text) else None
        body = body[(says or match).end() :]
    return (body.strip() or said) if body != said else said


def current_message(said: str) -> str:
    """The last of several group messages that came together; the text itself where it is one."""
    return said.rpartition(_CURRENT_MESSAGE)[2]


def _stated(facts: dict[str, Any]) -> Sender | None:
    sender_id, channel = text(facts.get("senderId")), text(facts.get("sourceChannel"))
    name = text(facts.get("senderName")) or text(facts.get("senderUsername"))
    return _sender(sender_id, name, channel, "OBSERVED") if sender_id or name else None


def _client(facts: dict[str, Any]) -> Sender | None:
    clients = mapping(facts.get("transport")).get("clients")
    client = mapping(clients[0]) if isinstance(clients, list) and clients else {}
    sender_id, name = text(client.get("id")), text(client.get("displayName"))
    # A client of the gateway itself talks through its web chat, as the hooks of such messages say.
    return _sender(sender_id, name, _WEBCHAT, "INFERRED") if sender_id or name else None


def _parsed(said: str) -> Sender | None:
    body = current_message(_without_events(said))
    return _from_metadata(body) or _from_head(body)


def _from_metadata(body: str) -> Sender | None:
    found: dict[str, dict[str, Any]] = {}
    block = _METADATA.match(body)
    while block:
        found[block["title"]] = _json_object(block["json"])
        block = _METADATA.match(body, block.end())
    sender, chat = found.get("Sender", {}), found.get("Conversation info", {})
    sender_id = text(sender.get("id")) or text(chat.get("sender_id"))
    name = text(sender.get("name")) or text(chat.get("sender")) or text(sender.get("label"))
    channel = (text(chat.get("chat_id")) or "").partition(":")[0]
    return _sender(sender_id, name, _CHANNELS.get(channel), "PARSED") if sender_id or name else None


def _from_head(body: str) -> Sender | None:
    match = _HEAD.match(body)
    head = _head_label(match["head"]) if match else None
    if match is None or head is None:
        return None
    if _GROUP.search(head.text):
        says = _SAYS.match(body, match.end())
        return _person(says["label"] if says else "", head.channel)
    return _person(head.text, head.channel)


def _head_label(head: str) -> _Label | None:
    """Who or what a head names; None of a text that begins with a bracket, such as `[Signal] lost`."""
    channel, rest = _channel(head)
    if channel is None:
        return None
    label, dated = _TIME.subn("", rest)
    label = _HOST_AND_IP.sub("", label)
    elapsed = _ELAPSED.search(label)
    label = (label[: elapsed.start()] if elapsed else label).strip()
    return _Label(label, channel) if dated or elapsed or "id:" in label else None


def _person(label: str, channel: str) -> Sender:
    """A label such as `Ada`, `Ada id:1234`, `Ada (1234)`, `Ada (@ada) id:1234`, `ada user id:1234`, or an address."""
    match = _LABEL.fullmatch(label)
    if match is None or _ADDRESS.fullmatch(label):
        return _sender(label, None, channel, "PARSED")
    handle = match["handle"]
    sender_id = match["id"] or (None if handle is None or handle.startswith("@") else handle)
    return _sender(sender_id, match["name"].removesuffix(" user"), channel, "PARSED")


def _channel(head: str) -> tuple[str | None, str]:
    words = head.split(" ")
    for count in (2, 1):  # `Google Chat` before `Google`, `Zalo Personal` before `Zalo`
        channel = _CHANNELS.get("".join(words[:count]).lower())
        if channel:
            return channel, " ".join(words[count:])
    return None, head


def _sender(sender_id: str | None, name: str | None, channel: str | None, provenance: Provenance) -> Sender:
    return {
        "id": sender_id or None,
        "name": name or None,
        "channel": channel.lower() if channel else None,
        "provenance": provenance,
    }


def _without_events(said: str) -> str:
    events = _EVENTS.match(said)
    return said[events.end() :] if events else said


def _json_object(source: str) -> dict[str, Any]:
    try:
        return mapping(parse_json(source.encode()))
    except (ValueError, RecursionError):
        return {}
