"""Every command that a page shows exists, with the options it is shown with."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from docs.generate.command_line import commands
from tests.unit.docs.reading import PAGES, ROOT, code, name_of

COMMANDS = dict(commands())
# What separates one command from the next.
_SEPARATORS = {"&&", "||", ";", "|", "&"}
# At the begin of a word; what may be left out is shown in brackets.
_OPTION = re.compile(r"[\[(]*(-[a-z]|--[a-z][a-z-]*)")
# A literal value, not a placeholder such as SESSION or FILE.
_LITERAL = re.compile(r"[a-z][a-z-]*")
_MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def shown(page: Path) -> Iterator[list[str]]:
    """The words of every command on a page."""
    for line in code(page):
        words = _words(line)
        while words:
            end = next((place for place, word in enumerate(words) if word in _SEPARATORS), len(words))
            command, words = words[:end], words[end + 1 :]
            while command and ("=" in command[0] or command[0] in ("$", "exec")):
                command = command[1:]
            if command:
                yield command


def _words(line: str) -> list[str]:
    # `a\|b` is `a|b` in a cell of a table.
    lexer = shlex.shlex(line.replace("\\|", "¦").replace(";", " ; "), posix=True, punctuation_chars="&|")
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        return list(lexer)
    except ValueError:
        return []


def mistakes(words: list[str]) -> list[str]:
    """What of a `sessiontrack …` does not exist."""
    if len(words) == 1 or words[1].startswith(("-", "…", "[", "COMMAND")):
        return []
    names = [f"sessiontrack {name}" for name in words[1].split("¦")]
    rest = words[2:]
    if any(name.startswith(f"{names[0]} ") for name in COMMANDS) and rest:
        names, rest = [f"{names[0]} {name}" for name in rest[0].split("¦")], rest[1:]
    elif any(name.startswith(f"{names[0]} ") for name in COMMANDS):
        return []
    found = [name for name in names if name not in COMMANDS]
    for name in set(names) - set(found):
        found += [f"{name} {each}" for each in _unknown(COMMANDS[name], rest)]
    return found


def _unknown(command: Any, words: list[str]) -> Iterator[str]:
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = [option[1] for word in words if (option := _OPTION.match(word))]
    yield from (option for option in given if option not in {*options, "--help"})
    choices = _choices(command.params)
    if choices and words and _LITERAL.fullmatch(words[0]) and words[0] not in choices:
        yield words[0]


def _choices(parameters: list[Any]) -> set[str]:
    """The values of the first argument, where they are counted up."""
    annotation = next((each.type_descriptor.annotation for each in parameters if each.opts == [each.name]), None)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {str(each.value) for each in annotation}
    return set(get_args(annotation)) if get_origin(annotation) is Literal else set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_exists_with_its_options(page: Path) -> None:
    found = []
    for words in shown(page):
        match words:
            case [("sessiontrack" | ".venv/bin/sessiontrack"), *_]:
                found += mistakes(words)
            case ["make", target, *_] if target not in _MAKE_TARGETS:
                found.append(f"make {target}")
            case [("python" | ".venv/bin/python"), "-m", module, *_] if importlib.util.find_spec(module) is None:
                found.append(f"python -m {module}")
    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sessiontrack up && sessiontrack fly", ["sessiontrack fly"]),
        ("sessiontrack service install¦remove¦vanish", ["sessiontrack service vanish"]),
        ("sessiontrack capture [--root DIR]… [--brooker HOST:PORT]", ["sessiontrack capture --brooker"]),
        ("FOO=1 sessiontrack export SESSION -x FILE  # --no-option", ["sessiontrack export -x"]),
        ("sessiontrack run opensearch", []),
        ("sessiontrack run no-worker", ["sessiontrack run no-worker"]),
        ("sessiontrack dead-letters", []),
        ("sessiontrack search 'from:ada --word'", []),
    ],
)
def test_what_does_not_exist_is_found(line: str, found: list[str], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"    {line}\n", "utf-8")
    assert [mistake for words in shown(page) if words[0] == "sessiontrack" for mistake in mistakes(words)] == found
