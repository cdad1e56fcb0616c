"""What holds for every server of the stack, whichever it is."""

import re
from pathlib import Path

import pytest

from infra.stack.layout import Layout
from infra.stack.prerequisites import Tools
from infra.stack.server import Server, Site
from infra.stack.stack import OBJECT_STORES, SERVERS
from infra.stack.state import StackState
from sessiontrack.settings import Settings, StackSettings

ALL = [*SERVERS, *OBJECT_STORES.values()]
LOOPBACK = "127.0.0.1"
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")


@pytest.fixture
def state() -> StackState:
    state = StackState(object_store="minio")
    state.complete([port for kind in ALL for port in kind.ports], [secret for kind in ALL for secret in kind.secrets])
    return state


@pytest.fixture(params=ALL, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, state: StackState, tmp_path: Path) -> Server:
    layout = Layout(tmp_path / "data", tmp_path / "cache", account=None)
    layout.create()
    layout.create_servers_dir()
    tools = Tools(tmp_path / "jdk", tmp_path / "mvn", None)
    kind: type[Server] = request.param
    server = kind(Site(state.stack_id, layout, state.ports, state.secrets, StackSettings(), tools))
    layout.own_dir(server.home)
    return server


def written(server: Server) -> str:
    """All that tells the server how to run: arguments, environment, configuration files."""
    command = server.command()
    files = [path.read_text() for path in server.home.rglob("*") if path.is_file()]
    return "\n".join([*command.argv, *command.env.values(), *files])


@pytest.fixture
def configured(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with its configuration written, its data folder not made: that takes its programs."""
    monkeypatch.setattr(type(server), "run", lambda *_: "")
    jvm_options = server.software / "config" / "jvm.options"
    jvm_options.parent.mkdir(parents=True)
    jvm_options.write_text("-Xlog:gc*:file=logs/gc.log\n-Dkept=true\n")
    (server.home / "draft").mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    server.configure()
    return server


def test_passwords_are_not_in_arguments_which_everybody_can_read(configured: Server, state: StackState) -> None:
    arguments = " ".join(configured.command().argv)
    assert not [name for name, secret in state.secrets.items() if secret in arguments]


def test_everything_listens_on_loopback(configured: Server) -> None:
    assert set(ADDRESS.findall(written(configured))) <= {LOOPBACK}


def test_every_port_is_told_to_the_server(configured: Server, state: StackState) -> None:
    told = written(configured)
    assert all(str(state.ports[name]) in told for name in configured.ports)


def test_nothing_of_the_callers_environment_is_passed_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "private")
    assert "private" not in server.command().env.values()


def test_connection_is_a_valid_part_of_the_settings(server: Server, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, **server.connection())
    assert str(server.port) in settings.model_dump_json()


def test_configuration_is_private(configured: Server) -> None:
    files = [path for path in configured.home.rglob("*") if path.is_file()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_needed_servers_come_first() -> None:
    names = [kind.name for kind in SERVERS]
    assert all(names.index(need) < names.index(kind.name) for kind in SERVERS for need in kind.needs)
