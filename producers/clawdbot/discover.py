"""Finds transcripts: the state folders, the files in them, and whether a file is a transcript at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from producers.clawdbot.fields import storable
from producers.clawdbot.file_names import file_name_facts
from producers.clawdbot.session_ids import session_id
from sessiontrack.identity import parse_json

STATE_VARIABLES = ("CLAWDBOT_STATE_DIR", "MOLTBOT_STATE_DIR", "OPENCLAW_STATE_DIR")
STATE_FOLDERS = (".clawdbot", ".moltbot", ".openclaw")
BRANDS = frozenset({"clawdbot", "moltbot", "openclaw", "pi"})
# Neither holds transcripts, both may hold a hundred thousand files.
_SKIPPED_FOLDERS = frozenset({"node_modules", ".git"})
# The types that an assistant writes into a transcript, but for the header.
_ENTRY_TYPES = frozenset(
    {
        "message",
        "model_change",
        "thinking_level_change",
        "compaction",
        "branch_summary",
        "custom",
        "custom_message",
        "label",
        "session_info",
        "reset",
        "leaf",
    }
)
_SUFFIX = ".jsonl"
# Where in an agent's folder transcripts are: as files, put away, in a database.
_AGENT_FOLDERS = frozenset({("sessions",), ("sessions", "cold"), ("agent",)})
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def state_folders(environ: Mapping[str, str], home: Path) -> list[Path]:
    """The state folders that exist, each once: those that the environment names, then the usual ones."""
    named = [Path(environ[name]).expanduser() for name in STATE_VARIABLES if environ.get(name)]
    usual = [home / name for name in STATE_FOLDERS]
    folders: dict[Path, Path] = {}
    for folder in named + usual:
        if folder.is_dir():
            folders.setdefault(folder.resolve(), folder)
    return list(folders.values())


def brand_of(path: Path) -> str | None:
    """The brand that the state folder, or another folder above, is named after: `.openclaw`, `clawdbot-2026.1.24`."""
    # An agent may be called like a brand.
    place = _agents_place(path)
    folders = path.parts[:-1] if place is None else path.parts[:place]
    for part in reversed(folders):
        brand = part.lstrip(".").partition("-")[0].lower()
        if brand in BRANDS:
            return brand
    return None


def agent_of(path: Path) -> str | None:
    """The agent whose folder a file is in: `agents/<agent>/sessions/<file>`, or another of `_AGENT_FOLDERS`."""
    place = _agents_place(path)
    return None if place is None else str(storable(path.parts[place + 1]))


def live_name(name: str) -> str:
    """The name that a transcript had before it was put away; a live one's own name."""
    return name.partition(_SUFFIX)[0] + _SUFFIX


def scan(
    root: Path,
    on_error: Callable[[Path, OSError], None],
    is_wanted: Callable[[str], bool] = lambda name: file_name_facts(name) is not None,
) -> Iterator[Path]:
    """Every file in a folder that is named like a transcript; each folder once, however it is linked.

    Args:
        root: A folder, or a single file.
        on_error: Told of a folder that can't be listed.
        is_wanted: Tells by its name (without folders) whether a file is wanted.
    """
    if root.is_file():
        yield root
        return
    seen: set[tuple[int, int]] = set()
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            stat = folder.stat()
            if (stat.st_dev, stat.st_ino) in seen:
                continue
            seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as error:
            on_error(folder, error)
            continue
        for entry in entries:
            if _is_folder(entry):
                folders.append(Path(entry.path))
            elif is_wanted(entry.name):
                yield Path(entry.path)


def reading_order(path: Path) -> tuple[str, str, bool, int, str]:
    """Sort key: of one session's files those put away first, oldest first, so that its history comes in order."""
    facts = file_name_facts(path.name)
    live = facts is None or facts.state == "LIVE"
    archived_at = facts.archived_at if facts else None
    return (str(path.parent), live_name(path.name), live, archived_at or 0, path.name)


def recognise(path: Path, lines: Iterable[bytes]) -> str | None:
    """Decides by content, not by name alone, whether a file is a transcript.

    It is one if its first line that is not blank is a header, or if an assistant names files so and a line is one that
    an assistant writes.

    Args:
        path: Where it is.
        lines: Its first lines.

    Returns:
        The session's id: the header's, else the one in the name; None where it is no transcript.
    """
    facts = file_name_facts(path.name)
    if facts is None:
        return None
    named = session_id(facts.session_id)
    named_by_assistant = agent_of(path) is not None or _UUID.fullmatch(named) is not None
    for number, line in enumerate(line for line in lines if line.strip()):
        entry = _object(line)
        if number == 0 and entry.get("type") == "session":
            stated = entry.get("id")
            return session_id(stated) if isinstance(stated, str) and stated else named
        if named_by_assistant and _is_entry(entry):
            return named
    return None


def _agents_place(path: Path) -> int | None:
    """Where in a path the folder of all agents is."""
    folders = path.parts[:-1]
    for inner in _AGENT_FOLDERS:
        place = len(folders) - len(inner) - 2
        if place >= 0 and folders[place] == "agents" and folders[place + 2 :] == inner:
            return place
    return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.name not in _SKIPPED_FOLDERS and entry.is_dir()
    except OSError:
        return False


def _object(line: bytes) -> dict[str, object]:
    try:
        value = parse_json(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_entry(entry: dict[str, object]) -> bool:
    if entry.get("type") == "message":
        message = entry.get("message")
        return isinstance(message, dict) and "role" in message
    # A trace of a run names its schema, and uses types of the same names.
    return entry.get("type") in _ENTRY_TYPES and "traceSchema" not in entry
