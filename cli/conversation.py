"""How a conversation looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from cli.output import counted, local_time, role_name, safe

if TYPE_CHECKING:
    from queries.conversation import Conversation, Entry
    from schemas.records import ToolCall

# Of what is folded: enough to recognise it. --full shows all.
TEXT_LINES = 12
RESULT_LINES = 4
LINE_CHARACTERS = 160
# An assistant says several things in a minute; the heading names the zone.
_ENTRY_TIME = "%Y-%m-%d %H:%M:%S"

_COLOURS = {"user": "bold cyan", "assistant": "bold green"}
_MARKS = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "pending": ("…", "yellow")}
# Kinds whose line says nothing that a reader of the conversation needs.
_SILENT = frozenset({"CUSTOM", "LABEL", "SESSION_INFO", "LEAF"})


def render(shown: Conversation, *, full: bool = False) -> Iterator[Text]:
    """The lines to print.

    Args:
        shown: What to show.
        full: Leave nothing out of long texts.
    """
    yield from _heading(shown)
    for entry in shown.entries:
        if entry.kind not in _SILENT:
            yield Text()
            for line in _entry(entry, full):
                yield Text("  " * entry.depth).append_text(line)
    if shown.missing_lines:
        yield Text(f"\nmissing: {counted(shown.missing_lines, 'line')}", style="red")


def _heading(shown: Conversation) -> Iterator[Text]:
    session = shown.session
    yield Text(safe(session["title"] or session["session_id"]), style="bold")
    facts = [
        session["session_id"] if session["title"] else "",
        session["agent_id"],
        session["channel"],
        session["cwd"],
        counted(session["message_count"], "message"),
        counted(session["total_tokens"], "token"),
        f"${session['cost_nanousd'] / 10**9:.4f}",
        f"{local_time(session['created_at'])} – {local_time(session['last_activity_at'])}",
        f"{session['closed_reason']} {local_time(session['closed_at'])}" if session["closed_reason"] else "open",
    ]
    if session["parent_session_id"]:
        facts.append(f"{session['parent_relation'] or 'child'} of {session['parent_session_id']}")
    yield Text(safe(" · ".join(fact for fact in facts if fact)), style="dim")


def _entry(entry: Entry, full: bool) -> Iterator[Text]:
    yield _title(entry)
    message = entry.message
    if message is None:
        return
    if message["thinking"]:
        yield from (
            Text("  " + line, style="dim italic") for line in _shortened(message["thinking"], RESULT_LINES, full)
        )
    if message["text"]:
        yield from (Text("  " + line) for line in _shortened(message["text"], TEXT_LINES, full))
    if message["images"]:
        yield Text(f"  [{counted(message['images'], 'image')}]", style="dim")
    if message["error_message"]:
        yield Text(f"  {safe(message['error_message'])}", style="red")
    for tool_call in entry.tool_calls:
        yield from _tool_call(tool_call, full)


def _title(entry: Entry) -> Text:
    message, body = entry.message, entry.body or {}
    time = local_time(entry.occurred_at, _ENTRY_TIME)
    if message is None:
        said = " ".join(str(value) for value in body.values() if isinstance(value, str | int) and value)
        return Text(f"{time}  {entry.kind.lower().replace('_', ' ')}  {safe(said[:LINE_CHARACTERS])}", style="dim")
    name = message["sender_name"] or message["sender_id"] or role_name(message["role"])
    text = Text(f"{time}  ", style="dim").append(safe(name), style=_COLOURS.get(message["role"], "bold"))
    notes = [message["model"] or "", "inherited" if entry.inherited else ""]
    notes += ["" if message["origin"] in ("USER", "MODEL", "TOOL") else message["origin"].lower()]
    notes += [f"“{label}”" for label in entry.labels] + ["parent is missing" if entry.link == "orphan" else ""]
    return text.append("  " + safe(" · ".join(note for note in notes if note)), style="dim")


def _tool_call(tool_call: ToolCall, full: bool) -> Iterator[Text]:
    mark, colour = _MARKS.get(tool_call["outcome"], ("?", "yellow"))
    duration = "" if tool_call["duration_ms"] is None else f"  {tool_call['duration_ms']:,} ms"
    arguments = safe(tool_call["arguments"] or "").replace("\n", " ")
    shown = arguments if full or len(arguments) <= LINE_CHARACTERS else arguments[:LINE_CHARACTERS] + "…"
    yield (
        Text("  ")
        .append(mark, style=colour)
        .append(f" {safe(tool_call['name'])}", style="bold")
        .append(f" {shown}{duration}", style="dim")
    )
    result = tool_call["result"] or tool_call["error"] or ""
    yield from (Text("      " + line, style="dim") for line in _shortened(result, RESULT_LINES, full))


def _shortened(text: str, most: int, full: bool) -> list[str]:
    lines = safe(text).rstrip().split("\n")
    if full or len(lines) <= most:
        return lines if full else [_cut(line) for line in lines]
    return [*(_cut(line) for line in lines[:most]), f"… {counted(len(lines) - most, 'more line')}"]


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS * 4 else line[: LINE_CHARACTERS * 4] + "…"
