"""`make demo`: the whole pipeline on several hundred generated transcripts, shown by its own commands.

With `--running` the servers and workers that the settings name are used, as Compose's demo service does.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from infra.workers import EMBED, VECTOR_SINKS, workers_here
from queries.lag import group_positions
from queries.search import search
from sessiontrack.settings import Settings, get_settings

ROOT = Path(__file__).parent.parent
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
SESSIONS = 300
QUERY = "backup strategy"
# Of the workers of vectors: what they embed at a time takes seconds, on a busy machine half a minute.
STALL_S = 120.0
TELL_S = 10.0
POLL_S = 0.5


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
    os.environ["SESSIONTRACK_DATA_DIR"] = str(data_dir)
    if not running:
        say("Starting the stack. The first time this fetches and builds the servers, which takes some minutes.")
        run("up")
    generate(transcripts)
    run("capture", "--root", relative(transcripts), "--once")
    run("verify")
    if not running:
        run("status")
    run("sessions", "--limit", "6")
    await_meaning(get_settings())
    run("search", QUERY, "--limit", "3")
    show_best(transcripts)
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


def await_meaning(settings: Settings) -> None:
    """Waits until all messages are embedded and can be found by meaning; says so where they are not."""
    workers = {EMBED, *VECTOR_SINKS}.intersection(workers_here(settings))
    if not workers:
        say("Search is by words alone: no worker embeds the messages.")
        return
    if left := asyncio.run(_embedded(settings, workers)):
        say(f"Search is by words, and by meaning in part: {left:,} records wait to be embedded or stored.")


async def _embedded(settings: Settings, workers: Collection[str]) -> int:
    """Records that wait for these workers: none, or what is left when they have made no progress for `STALL_S`."""
    least, changed = None, time.monotonic()
    told = changed - TELL_S
    while left := sum(each.lag for each in await group_positions(settings) if each.worker in workers):
        now = time.monotonic()
        if now - told >= TELL_S:
            told = now
            say(f"Embedding the messages, so that they are found by what they mean: {left:,} records left.")
        if left != least:
            least, changed = left, now
        elif now - changed > STALL_S:
            return left
        await asyncio.sleep(POLL_S)
    return 0


def show_best(transcripts: Path) -> None:
    """Shows the session of the best hit, and proves that its export is the file that was written."""
    session = search(get_settings(), QUERY, limit=1).hits[0].session_id
    run("show", session, lines=40)
    exported = subprocess.run([SESSIONTRACK, "export", session], check=True, stdout=subprocess.PIPE).stdout
    say(f"export {session[:8]} gives {len(exported)} bytes, SHA-256 {hashlib.sha256(exported).hexdigest()[:16]}…")
    for path in transcripts.rglob(f"*{session}*.jsonl*"):
        same = path.read_bytes() == exported
        say(f"{path.name} is {'the same, byte for byte' if same else 'another generation'}.")


def run(*arguments: str, lines: int | None = None) -> None:
    """Runs a command as a user would, its output on the terminal.

    Args:
        arguments: The command without `sessiontrack`.
        lines: Print only so many lines.
    """
    print(f"\n$ sessiontrack {shlex.join(arguments)}", flush=True)
    if lines is None:
        subprocess.run([SESSIONTRACK, *arguments], check=True)
        return
    text = output(*arguments).splitlines()
    print("\n".join(text[:lines] + (["…"] if len(text) > lines else [])))


def output(*arguments: str) -> str:
    """What a command prints."""
    return subprocess.run([SESSIONTRACK, *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


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
