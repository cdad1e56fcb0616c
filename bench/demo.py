"""`make demo`: the whole pipeline on several hundred generated transcripts, shown by its own commands."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DATA_DIR = ROOT / ".demo"
TRANSCRIPTS = DATA_DIR / "clawdbot"
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
SESSIONS = 300
QUERY = "backup strategy"


def main() -> None:
    """Runs the demo; a step that fails ends it."""
    begun = time.monotonic()
    environment = os.environ | {"SESSIONTRACK_DATA_DIR": str(DATA_DIR)}
    say("Starting the stack. The first time this fetches and builds the servers, which takes some minutes.")
    run(environment, "up")
    generate()
    run(environment, "capture", "--root", relative(TRANSCRIPTS), "--once")
    run(environment, "verify")
    run(environment, "status")
    run(environment, "sessions", "--limit", "6")
    run(environment, "search", QUERY, "--limit", "3")
    show_best(environment)
    say(f"Done in {time.monotonic() - begun:.0f} s. The stack is still running; from here:")
    print(NEXT.format(data_dir=relative(DATA_DIR), bin=relative(SESSIONTRACK.parent)))


NEXT = """
  export SESSIONTRACK_DATA_DIR=$PWD/{data_dir} PATH=$PWD/{bin}:$PATH
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


def generate() -> None:
    """Writes the transcripts where they are missing; the same seed gives the same bytes."""
    from bench.corpus import generate as generate_corpus

    if TRANSCRIPTS.exists():
        return
    say(f"Generating {SESSIONS} transcripts.")
    generate_corpus(TRANSCRIPTS, SESSIONS, 1)


def show_best(environment: dict[str, str]) -> None:
    """Shows the session of the best hit, and proves that its export is the file that was written."""
    hits: list[dict[str, Any]] = json.loads(output(environment, "search", QUERY, "--limit", "1", "--json"))
    session = hits[0]["session_id"]
    run(environment, "show", session, lines=40)
    exported = subprocess.run(
        [SESSIONTRACK, "export", session], env=environment, check=True, stdout=subprocess.PIPE
    ).stdout
    say(f"export {session[:8]} gives {len(exported)} bytes, SHA-256 {hashlib.sha256(exported).hexdigest()[:16]}…")
    for path in TRANSCRIPTS.rglob(f"*{session}*.jsonl*"):
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
    """A path as seen from the project's root."""
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
