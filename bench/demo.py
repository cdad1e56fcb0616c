"""`make demo`: the whole pipeline on several hundred generated transcripts, shown by its own commands.

With `--running` the servers and workers that the settings name are used, as Compose's demo service does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessiontrack.settings import Settings

ROOT = Path(__file__).parent.parent
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
SESSIONS = 300
QUERY = "backup strategy"


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m bench.demo", description=__doc__)
    parser.add_argument("--running", action="store_true", help="use the servers and workers that the settings name")
    return parser.parse_args(given)


def main(*, running: bool) -> None:
    """Runs the demo; a step that fails ends it."""
    begun = time.monotonic()
    data_dir = Settings().data_dir if running else ROOT / ".demo"
    transcripts = data_dir / "clawdbot"
    environment = os.environ | {"SESSIONTRACK_DATA_DIR": str(data_dir)}
    if not running:
        say("Starting the stack. The first time this fetches and builds the servers, which takes some minutes.")
        run(environment, "up")
    generate(transcripts)
    run(environment, "capture", "--root", relative(transcripts), "--once")
    run(environment, "verify")
    if not running:
        run(environment, "status")
    run(environment, "sessions", "--limit", "6")
    run(environment, "search", QUERY, "--limit", "3")
    show_best(environment, transcripts)
    say(f"Done in {time.monotonic() - begun:.0f} s.")
    if not running:
        say("The stack is still running; from here:")
        print(NEXT.format(data_dir=relative(data_dir), bin=relative(SESSIONTRACK.parent)))


NEXT = """
  export SESSIONTRACK_DATA_DIR=$PWD/{data_dir} PATH=$PWD/{bin}:$PATH
  sessiontrack serve                          the web dashboard, at http://127.0.0.1:8765
  sessiontrack search '"disk full"'           search by words
  sessiontrack show SESSION                   read a session
  sessiontrack export SESSION -o FILE         get its transcript back, byte for byte
  sessiontrack tail messages                  watch the topics
  sessiontrack down                           stop this stack (rm -r {data_dir} removes its data)

With your own history, in a stack of its own:

  unset SESSIONTRACK_DATA_DIR
  sessiontrack up
  sessiontrack capture                        reads ~/.clawdbot, ~/.moltbot, ~/.openclaw, then follows them
"""


def generate(transcripts: Path) -> None:
    """Writes the transcripts where they are missing; the same seed gives the same bytes."""
    from bench.corpus import generate as generate_corpus

    if transcripts.exists():
        return
    say(f"Generating {SESSIONS} transcripts.")
    generate_corpus(transcripts, SESSIONS, 1)


def show_best(environment: dict[str, str], transcripts: Path) -> None:
    """Shows the session of the best hit, and proves that its export is the file that was written."""
    hits: list[dict[str, Any]] = json.loads(output(environment, "search", QUERY, "--limit", "1", "--json"))
    session = hits[0]["session_id"]
    run(environment, "show", session, lines=40)
    exported = subprocess.run(
        [SESSIONTRACK, "export", session], env=environment, check=True, stdout=subprocess.PIPE
    ).stdout
    say(f"export {session[:8]} gives {len(exported)} bytes, SHA-256 {hashlib.sha256(exported).hexdigest()[:16]}…")
    for path in transcripts.rglob(f"*{session}*.jsonl*"):
        same = path.read_bytes() == exported
        say(f"{path.name} is {'the same, byte for byte' if same else 'another generation'}.")


def run(environment: dict[str, str], *arguments: str, lines: int | None = None) -> None:
    """Runs a command as a user would, its output on the terminal.

    Args:
        environment: Its environment.
        arguments: The command without `sessiontrack`.
        lines: Print only so many lines.
    """
    print(f"\n$ sessiontrack {shlex.join(arguments)}", flush=True)
    if lines is None:
        subprocess.run([SESSIONTRACK, *arguments], env=environment, check=True)
        return
    text = output(environment, *arguments).splitlines()
    print("\n".join(text[:lines] + (["…"] if len(text) > lines else [])))


def output(environment: dict[str, str], *arguments: str) -> str:
    """What a command prints."""
    return subprocess.run(
        [str(SESSIONTRACK), *arguments], env=environment, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def say(text: str) -> None:
    """A line between the commands."""
    print(f"\n— {text}", flush=True)


def relative(path: Path) -> str:
    """A path as seen from the project's root, where it is below it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        main(running=arguments(sys.argv[1:]).running)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
