import os
import re
import threading
from pathlib import Path

import pytest

from infra.stack.provision import Report, ensure, signs_of_life


def silent(message: str) -> None:
    pass


def test_package_is_built_once_and_readable_for_all(tmp_path: Path) -> None:
    builds = []

    def build(target: Path, report: Report) -> None:
        builds.append(target)
        program = target / "bin" / "program"
        program.parent.mkdir(mode=0o700)
        program.write_text("#!/bin/sh")
        program.chmod(0o700)

    for _ in range(2):
        folder = ensure(tmp_path, "server-1", build, silent)
    assert len(builds) == 1
    assert folder == tmp_path / "server-1"
    assert (folder / "bin" / "program").stat().st_mode & 0o777 == 0o755
    assert (folder / "bin").stat().st_mode & 0o777 == 0o755


def test_failed_build_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    def fail(target: Path, report: Report) -> None:
        (target / "half").write_text("")
        raise OSError("network")

    def succeed(target: Path, report: Report) -> None:
        assert not list(target.iterdir())
        (target / "whole").write_text("")

    with pytest.raises(OSError, match="network"):
        ensure(tmp_path, "server-1", fail, silent)
    assert [path.name for path in tmp_path.iterdir()] == [".server-1.lock"]
    assert (ensure(tmp_path, "server-1", succeed, silent) / "whole").exists()


def test_what_takes_long_shows_that_it_goes_on_and_for_how_long() -> None:
    messages: list[str] = []
    repeated = threading.Event()

    def report(message: str) -> None:
        messages.append(message)
        if len(messages) > 2:
            repeated.set()

    with signs_of_life(report, every_s=0.01) as told:
        told("compiling")
        assert repeated.wait(10)
    assert messages[0] == "compiling"
    assert re.fullmatch(r"still compiling \(\d+ s\)", messages[1])


def test_two_stacks_build_a_package_once(tmp_path: Path) -> None:
    entered, release = threading.Event(), threading.Event()
    builds, messages = [], []

    def build(target: Path, report: Report) -> None:
        builds.append(target)
        entered.set()
        assert release.wait(10)

    def report(message: str) -> None:
        messages.append(message)
        release.set()

    first = threading.Thread(target=ensure, args=(tmp_path, "server-1", build, silent))
    first.start()
    assert entered.wait(10)
    ensure(tmp_path, "server-1", build, report)
    first.join()
    assert len(builds) == 1
    assert messages == ["waiting for another build"]


def test_programs_of_the_owner_only_are_not_made_writable(tmp_path: Path) -> None:
    def build(target: Path, report: Report) -> None:
        (target / "link").symlink_to("/nowhere")
        (target / "data").write_text("")
        os.chmod(target / "data", 0o600)

    folder = ensure(tmp_path, "server-1", build, silent)
    assert (folder / "data").stat().st_mode & 0o777 == 0o644
    assert (folder / "link").is_symlink()
