import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cli.exits import Exit
from infra.stack import process
from infra.stack.process import ProcessRecord

ENV = {"PATH": os.defpath}
Start = Callable[..., ProcessRecord]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Spawns Python programs and ends what is left of them."""
    records: list[ProcessRecord] = []

    def start(program: str, *, restarted: bool = False) -> ProcessRecord:
        argv = [sys.executable, "-I", "-S", "-u", "-c", program]
        record = process.spawn("test", argv, ENV, tmp_path, tmp_path / "test.log", restarted=restarted)
        records.append(record)
        return record

    yield start
    for record in records:
        process.stop(record, grace_s=0.1)


def await_log(record: ProcessRecord, text: str) -> str:
    deadline = time.monotonic() + 20
    while text not in (tail := process.log_tail(record)):
        assert time.monotonic() < deadline, tail
        time.sleep(0.02)
    return tail


def test_process_is_detached_and_its_output_kept(start: Start) -> None:
    record = start("import os, time; print('session', os.getsid(0) == os.getpid()); time.sleep(60)")
    await_log(record, "session True")
    assert process.is_alive(record)
    assert process.resident_bytes(record.pid) > 1_000_000
    assert os.getsid(record.pid) != os.getsid(0)


def test_stop_asks_first(start: Start) -> None:
    record = start("import signal, sys; signal.signal(15, lambda *_: sys.exit('asked')); print('up'); signal.pause()")
    await_log(record, "up")
    process.stop(record)
    assert not process.is_alive(record)
    assert "asked" in await_log(record, "[ended with status 1]")


def test_stop_kills_what_does_not_listen_with_its_children(start: Start) -> None:
    record = start(
        "import os, signal; signal.signal(15, signal.SIG_IGN); child = os.fork();"
        "child and print(f'child={child}.'); signal.pause()"
    )
    child = int(await_log(record, ".").partition("=")[2].strip("."))
    process.stop(record, grace_s=0.1)
    assert not process.is_alive(record)
    # Its output ends when the last of its group has.
    await_log(record, f"[ended with status {-signal.SIGKILL}]")
    assert not any(found.pid == child for found in process.find("PATH", os.defpath))


def test_a_process_that_dies_is_started_again(start: Start) -> None:
    keeper = start("import os, signal; print('up', os.getpid()); signal.pause()", restarted=True)
    await_log(keeper, "up")
    first = process.child(keeper)
    assert first
    os.kill(first, signal.SIGKILL)
    await_log(keeper, "[ended with status -9]\nup")
    assert process.is_alive(keeper)
    assert process.child(keeper) not in (None, first)


def test_the_stop_of_a_keeper_is_passed_on_and_final(start: Start) -> None:
    keeper = start(
        "import signal, sys; signal.signal(15, lambda *_: sys.exit('asked')); print('up'); signal.pause()",
        restarted=True,
    )
    await_log(keeper, "up")
    process.stop(keeper)
    assert not process.is_alive(keeper)
    assert process.log_tail(keeper).splitlines() == ["up", "asked", "[ended with status 1]"]


def test_the_stop_of_a_keeper_does_not_wait_for_the_next_start(start: Start) -> None:
    keeper = start("raise SystemExit(1)", restarted=True)
    # It waits for a second or more now.
    await_log(keeper, "[ended with status 1]")
    process.stop(keeper)
    assert not process.is_alive(keeper)


def test_a_killed_keeper_takes_what_does_not_listen_with_it(start: Start) -> None:
    keeper = start("import signal; signal.signal(15, signal.SIG_IGN); print('up'); signal.pause()", restarted=True)
    await_log(keeper, "up")
    pid = process.child(keeper)
    assert pid
    process.stop(keeper, grace_s=0.1)
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_wrong_usage_is_not_tried_again(start: Start) -> None:
    keeper = start(f"raise SystemExit({int(Exit.USAGE)})", restarted=True)
    deadline = time.monotonic() + 20
    while process.is_alive(keeper):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert process.log_tail(keeper) == "[ended with status 2]"


@pytest.mark.parametrize("restarted", [False, True], ids=["once", "always"])
def test_with_its_folder_a_process_and_its_keeper_go(tmp_path: Path, restarted: bool) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    argv = [sys.executable, "-I", "-S", "-u", "-c", "import signal; print('up'); signal.pause()"]
    record = process.spawn("test", argv, ENV, folder, tmp_path / "test.log", restarted=restarted)
    try:
        await_log(record, "up")
        keeper = psutil.Process(record.pid) if restarted else psutil.Process(record.pid).parent()
        assert keeper
        keeper.send_signal(signal.SIGALRM)  # it looks now
        folder.rename(tmp_path / "elsewhere")
        keeper.send_signal(signal.SIGALRM)
        assert process.is_alive(record)
        (tmp_path / "elsewhere").rmdir()
        folder.mkdir()
        keeper.send_signal(signal.SIGALRM)
        await_log(record, f"[ended with status {-signal.SIGTERM}]")
        psutil.wait_procs([keeper], timeout=20)
        assert not process.is_alive(record)
        assert not keeper.is_running()
    finally:
        process.stop(record, grace_s=0.1)


def test_what_does_not_listen_goes_with_its_folder_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    program = "import os, signal; signal.signal(15, signal.SIG_IGN); print('up'); signal.pause()"
    argv = [sys.executable, "-I", "-S", "-u", "-c", program]
    record = process.spawn("test", argv, ENV, folder, tmp_path / "test.log", restarted=True)
    try:
        await_log(record, "up")
        folder.rmdir()
        deadline = time.monotonic() + 20
        while process.is_alive(record):
            assert time.monotonic() < deadline
            with suppress(psutil.NoSuchProcess):
                psutil.Process(record.pid).send_signal(signal.SIGALRM)
            time.sleep(0.02)
    finally:
        process.stop(record, grace_s=0.1)


def test_another_process_with_the_same_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    impostor = ProcessRecord(name="test", pid=os.getpid(), started=time.time() - 10_000_000, log=tmp_path / "log")
    assert not process.is_alive(impostor)
    process.stop(impostor)


def test_program_that_is_missing_says_so_in_its_log(tmp_path: Path) -> None:
    record = process.spawn("test", [str(tmp_path / "missing")], ENV, tmp_path, tmp_path / "test.log")
    assert "missing: No such file or directory" in await_log(record, "[ended with status 127]")
    assert not process.is_alive(record)


def test_processes_are_found_by_their_environment(start: Start, tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-S", "-u", "-c", "import time; print('up'); time.sleep(60)"]
    record = process.spawn("test", argv, ENV | {"MARK": str(tmp_path)}, tmp_path, tmp_path / "marked.log")
    try:
        await_log(record, "up")
        assert record.pid in {found.pid for found in process.find("MARK", str(tmp_path))}
    finally:
        process.stop(record, grace_s=0.1)
