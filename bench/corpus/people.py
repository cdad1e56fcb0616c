"""Who talks to the assistant, where, and how that shows: session keys, envelopes, origins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bench.corpus.javascript import Json

Brand = Literal["clawdbot", "openclaw"]
HOME = "/home/mira"
WORKSPACES = {
    "main": f"{HOME}/clawd",
    "ops": f"{HOME}/homelab",
    "dev": f"{HOME}/src/storefront",
    "family": f"{HOME}/family",
}

_CHANNEL_LABELS = {
    "telegram": "Telegram",
    "discord": "Discord",
    "whatsapp": "WhatsApp",
    "slack": "Slack",
    "signal": "Signal",
}
# The gateway's host is in Berlin; summer time of 2026 in UTC.
_SUMMER = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Person:
    """Somebody who writes messages; ``number`` stands for the platform's id and, after a plus sign, the telephone."""

    name: str
    number: int
    language: str = "en"
    username: str = ""


MIRA = Person("Mira Lindgren", 491705550101, username="miralind")
JONAS = Person("Jonas Lindgren", 491705550102, "de")
LUCIA = Person("Lucía Herrera", 34655550103, "es", "lucia_h")
HARUKA = Person("遥 Sato", 818055550104, "ja", "haruka")
PRIYA = Person("Priya Raman", 447700900105, username="priya")
TOMASZ = Person("Tomasz Zieliński", 48605550106)
BEN = Person("Ben", 491705550107)


@dataclass(frozen=True)
class Chat:
    """One conversation partner of an agent: a person or a group on a channel, the web chat, or a cron job.

    ``peer`` is the channel's id of the group, channel or job; a direct chat is known by its person's number.
    """

    agent: str
    channel: str
    kind: Literal["direct", "group", "channel", "cron"]
    people: tuple[Person, ...]
    peer: str = ""
    title: str = ""
    topic: str = ""
    language: str = "en"

    def session_key(self, brand: Brand) -> str:
        """The key of this chat in ``sessions.json``; later OpenClaw writes ``direct`` for ``dm``."""
        stem = f"agent:{self.agent}"
        if self.channel == "webchat":
            return f"{stem}:{self.peer or 'main'}"
        if self.kind == "cron":
            return f"{stem}:cron:{self.peer}"
        if self.kind == "direct":
            return f"{stem}:{self.channel}:{'dm' if brand == 'clawdbot' else 'direct'}:{self._address()}"
        return f"{stem}:{self.channel}:{self.kind}:{self.peer}" + (f":topic:{self.topic}" if self.topic else "")

    def origin(self, brand: Brand) -> dict[str, Json]:
        """The ``origin`` object of ``sessions.json``."""
        if self.channel == "webchat":
            return {"label": f"{brand}-control-ui", "provider": "webchat", "surface": "webchat", "chatType": "direct"}
        source = (
            f"{self.channel}:{self._address()}" if self.kind == "direct" else f"{self.channel}:{self.kind}:{self.peer}"
        )
        origin: dict[str, Json] = {
            "label": self._from_label(self.people[0]),
            "provider": self.channel,
            "surface": self.channel,
            "chatType": self.kind,
            "from": source,
            "to": self.delivery_address(),
            "accountId": "default",
        }
        return origin | ({"threadId": int(self.topic)} if self.topic else {})

    def delivery_address(self) -> str:
        """Where an answer goes."""
        address = self._address() if self.kind == "direct" else self.peer
        if self.channel in ("whatsapp", "signal"):
            return address
        return f"{'channel' if self.kind == 'channel' else self.channel}:{address}"

    def envelope(self, sender: Person, text: str, now: int, elapsed: int | None) -> str:
        """Wraps a message as clawdbot 2026.1 does: ``[Telegram Ada id:1234 +2m 2026-01-24 10:00 CET] text``.

        Args:
            sender: Who wrote it; in groups the text begins with the name.
            text: The message.
            now: When it came, in epoch milliseconds.
            elapsed: Milliseconds since the message before; None for the first.
        """
        parts = [_CHANNEL_LABELS[self.channel], self._from_label(sender)]
        if elapsed is not None:
            parts.append(f"+{_elapsed(elapsed)}")
        parts.append(_local_minute(now))
        body = text if self.kind == "direct" else f"{sender.name}: {text}"
        return f"[{' '.join(parts)}] {body}"

    def _address(self) -> str:
        number = self.people[0].number
        return f"+{number}" if self.channel in ("whatsapp", "signal") else str(number % 10**9)

    def _from_label(self, sender: Person) -> str:
        if self.kind != "direct":
            return f"{self.title} id:{self.peer}" + (f" topic:{self.topic}" if self.topic else "")
        if self.channel == "whatsapp":
            return self._address()
        username = f" (@{sender.username})" if sender.username else ""
        return f"{sender.name}{username} id:{self._address()}"


def _elapsed(ms: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if ms >= size:
            return f"{ms // size}{unit}"
    return f"{ms // 1000}s"


def _local_minute(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    zone, hours = ("CEST", 2) if _SUMMER[0] <= moment < _SUMMER[1] else ("CET", 1)
    return f"{moment + timedelta(hours=hours):%Y-%m-%d %H:%M} {zone}"


# The chats of a household and a small company, the busiest first.
CHATS = (
    Chat("main", "webchat", "direct", (MIRA,)),
    Chat("ops", "telegram", "direct", (MIRA,)),
    Chat("dev", "slack", "channel", (PRIYA, TOMASZ, MIRA), "C07STOREFRONT", "#storefront"),
    Chat("family", "whatsapp", "group", (MIRA, BEN), "120363041234567890@g.us", "Family Lindgren"),
    Chat("main", "telegram", "direct", (MIRA,)),
    Chat("ops", "discord", "channel", (TOMASZ, MIRA), "112233445566778899", "Guild Homelab #alerts channel"),
    Chat("main", "whatsapp", "direct", (JONAS,), language="de"),
    Chat("dev", "webchat", "direct", (PRIYA,), "main"),
    Chat("ops", "telegram", "group", (TOMASZ, PRIYA), "-1001234567890", "Machine Room", "42"),
    Chat("main", "telegram", "direct", (LUCIA,), language="es"),
    Chat("main", "discord", "direct", (HARUKA,), language="ja"),
    Chat("ops", "", "cron", (MIRA,), "1f2e28c5-37e0-44a6-ae8e-6318ec0fa88c", "nightly-backup"),
    Chat("family", "signal", "direct", (JONAS,), language="de"),
    Chat(
        "dev",
        "discord",
        "channel",
        (LUCIA, PRIYA),
        "223344556677889900",
        "Guild Storefront #soporte channel",
        language="es",
    ),
    Chat("ops", "slack", "channel", (HARUKA,), "C09OPSTOKYO", "#ops-tokyo", language="ja"),
    Chat("family", "telegram", "group", (LUCIA, JONAS), "-1009876543210", "Weekend Hikers", "7", "es"),
    Chat("ops", "whatsapp", "direct", (JONAS,), language="de"),
    Chat("family", "telegram", "direct", (HARUKA,), language="ja"),
)
