import sys
from pathlib import Path

import pytest

from infra.stack import prerequisites
from infra.stack.account import Account
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings, StackSettings


def make_jdk(home: Path, version: str, *, compiler: bool = True) -> Path:
    (home / "bin").mkdir(parents=True)
    for name in ["java", "javac"] if compiler else ["java"]:
        (home / "bin" / name).touch(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is installed; programs can be put into its `bin`, JDKs into its `jvm`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(prerequisites, "JVM_FOLDERS", (f"{tmp_path}/jvm/*",))
    monkeypatch.setattr(prerequisites, "MACOS_JVM_FOLDERS", ())
    monkeypatch.setattr(prerequisites, "server_account", lambda: None)
    return tmp_path


def test_newest_jdk_is_chosen_wherever_it_is(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_jdk(machine / "own", "21.0.4")))
    newest = make_jdk(machine / "jvm" / "25", "25")
    make_jdk(machine / "jvm" / "17", "17.0.15")
    make_jdk(machine / "jvm" / "26-jre", "26", compiler=False)
    assert prerequisites.find_jdk() == newest


def test_jdk_on_the_path_is_found_through_links(machine: Path) -> None:
    home = make_jdk(machine / "elsewhere", "22.0.1")
    (machine / "bin" / "java").symlink_to(home / "bin" / "java")
    assert prerequisites.find_jdk() == home


def test_jdk_that_the_servers_cannot_enter_does_not_count(machine: Path) -> None:
    make_jdk(machine / "jvm" / "25", "25")
    (machine / "jvm").chmod(0o700)
    assert prerequisites.find_jdk(Account("nobody")) is None


def test_all_that_is_missing_is_named_with_one_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    make_jdk(machine / "jvm" / "17", "17.0.15")
    settings = Settings(data_dir=machine, stack=StackSettings(object_store="minio"))
    with pytest.raises(UsageError) as caught:
        prerequisites.check_prerequisites(settings)
    assert all(word in str(caught.value) for word in ("JDK 21", "Maven", "Go"))
    assert caught.value.hint
    assert caught.value.hint.endswith("apt-get install -y openjdk-21-jdk-headless maven golang-go")


def test_homebrew_is_named_on_a_mac(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError) as caught:
        prerequisites.check_prerequisites(Settings(data_dir=machine))
    assert caught.value.hint == "brew install openjdk maven"


def test_go_may_be_missing(machine: Path) -> None:
    home = make_jdk(machine / "jvm" / "21", "21")
    (machine / "bin" / "mvn").touch(0o755)
    tools = prerequisites.find_tools(Settings(data_dir=machine), None)
    assert tools == prerequisites.Tools(home, machine / "bin" / "mvn", None)
