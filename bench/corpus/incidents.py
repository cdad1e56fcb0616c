"""What happens between two turns of a conversation: another model, a compaction, a failure, a branch, a label."""

from __future__ import annotations

from collections.abc import Callable

from bench.corpus.models import CONTEXT_WINDOW, MODELS
from bench.corpus.people import MIRA
from bench.corpus.transcript import Transcript
from bench.corpus.words import prose, zipf

Incident = Callable[[Transcript], None]

_STILL_THERE = {
    "en": "Are you still there?",
    "de": "Bist du noch da?",
    "es": "¿Sigues ahí?",
    "ja": "まだいますか？",
}


def switch_model(transcript: Transcript) -> None:
    """``/model``: the gateway confirms, the next run notes its model."""
    others = [model for model in MODELS if model != transcript.model]
    transcript.model = zipf(transcript.rng, others)
    name = transcript.model.name
    transcript.gateway(f"/model {name}", f"Model set to {name}.")
    transcript.notes.append(f"Model switched to {name}.")
    transcript.now += transcript.rng.randint(600, 3_000)
    if transcript.rng.random() < 0.5:
        transcript.model_change()
    transcript.snapshot()


def switch_thinking(transcript: Transcript) -> None:
    """``/think``."""
    level = zipf(transcript.rng, ("high", "low", "medium", "off"))
    transcript.gateway(f"/think {level}", f"Thinking level set to {level}.")
    transcript.thinking_level(level)


def compact(transcript: Transcript) -> None:
    """``/compact``, or the context is full: history stays in the file, the model sees a summary."""
    entries = [entry for entry in transcript.written if entry.kind == "message"]
    if not entries:
        return
    rng, language = transcript.rng, transcript.facts.language
    subjects = ", ".join(transcript.facts.scenarios)
    done, todo = prose(rng, language, 4), prose(rng, language, 2)
    summary = f"## Goal\nGo on with: {subjects}\n\n## Progress\n{done}\n\n## Next Steps\n{todo}"
    transcript.now += rng.randint(2_000, 20_000)
    transcript.compaction(
        summary, rng.choice(entries[-6:]).entry_id, (["notes/groceries.md"], []), by_hook=rng.random() < 0.3
    )
    if rng.random() < 0.6:
        notice = f"Compacted • Context {rng.randint(2, 19)}k/{CONTEXT_WINDOW // 1000}k"
        transcript.gateway("/compact", f"⚙️ {notice}")
        transcript.notes.append(notice)


def refuse(transcript: Transcript) -> None:
    """The provider refuses the call; the person tries again."""
    people = transcript.chat.people if transcript.chat else (MIRA,)
    transcript.user(_STILL_THERE[transcript.facts.language], people[0])
    transcript.refused()


def branch(transcript: Transcript) -> None:
    """The person goes back to an earlier point of the conversation."""
    points = [entry for entry in transcript.written if entry.kind == "message"]
    if len(points) < 4:
        return
    target = transcript.rng.choice(points[1:-1]).entry_id
    summary = prose(transcript.rng, transcript.facts.language, 3) if transcript.rng.random() < 0.7 else None
    transcript.branch(target, summary)


def put_label(transcript: Transcript) -> None:
    """A bookmark; sometimes it is taken off again at once."""
    points = [entry for entry in transcript.written if entry.kind == "message"]
    if not points:
        return
    target = points[-1].entry_id
    transcript.label(target, zipf(transcript.rng, ("decision", "before-change", "works", "ask-again")))
    if transcript.rng.random() < 0.2:
        transcript.now += 4_000
        transcript.label(target, None)


def put_name(transcript: Transcript) -> None:
    """The session gets a display name."""
    transcript.name(transcript.facts.scenarios[-1].replace("-", " ").capitalize())


def note_cache(transcript: Transcript) -> None:
    """The assistant notes when the provider's prompt cache ends."""
    ends = transcript.now + 300_000
    transcript.custom(f"{transcript.dialect.brand}.cache-ttl", {"timestamp": transcript.now, "expiresAt": ends})


def inject_note(transcript: Transcript) -> None:
    """``chat.inject``: an operator puts words into the assistant's mouth."""
    transcript.gateway(None, "[ops]\n\nMaintenance tonight from 23:00 to 23:30; answers may be late.")


def remember(transcript: Transcript) -> None:
    """A plugin puts a hidden reminder into the model's context."""
    transcript.custom_message("context.note", "Remember: Mira prefers short answers and metric units.")


def run_bash(transcript: Transcript) -> None:
    """A person runs a command of their own."""
    transcript.bash("uptime -p", "up 3 weeks, 2 days, 4 hours\n")


def mirror(transcript: Transcript) -> None:
    """A message sent to another channel is mirrored here."""
    transcript.now += transcript.rng.randint(1_000, 60_000)
    transcript.mirror("Reminder sent: the bins go out tonight.")


# The commonest first.
INCIDENTS: tuple[Incident, ...] = (
    switch_model,
    note_cache,
    refuse,
    compact,
    switch_thinking,
    put_name,
    branch,
    put_label,
    inject_note,
    mirror,
    remember,
    run_bash,
)
