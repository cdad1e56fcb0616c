from pathlib import Path

import pytest

from infra.stack import layout
from infra.stack.account import Account
from infra.stack.layout import Layout
from sessiontrack.settings import Settings


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root's view, with a user of our own to hand files to and a system's folder that may be written."""
    import os

    monkeypatch.setattr(layout, "SYSTEM_DATA", tmp_path / "system-data")
    monkeypatch.setattr(layout, "SYSTEM_CACHE", tmp_path / "system-cache")
    monkeypatch.setattr(layout, "server_account", lambda: Account("anybody"))
    monkeypatch.setattr(Account, "uid", os.getuid())
    monkeypatch.setattr(Account, "gid", os.getgid())
    reachable = {tmp_path / "open"}
    monkeypatch.setattr(Account, "can_reach", lambda _, path: any(root in [path, *path.parents] for root in reachable))
    return tmp_path


def create(root: Path) -> Layout:
    found = Layout.of(Settings(data_dir=root / "data", cache_dir=root / "cache"))
    found.create()
    found.create_servers_dir()
    return found


def test_ordinary_user_keeps_all_below_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "server_account", lambda: None)
    found = create(tmp_path)
    assert found.servers_dir.resolve() == tmp_path / "data" / "servers"
    for folder in (found.data_dir, found.servers_dir, found.logs_dir):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_root_keeps_the_data_in_place_where_the_servers_can_enter(system: Path) -> None:
    found = create(system / "open")
    assert found.servers_dir.resolve() == system / "open" / "data" / "servers"
    assert found.cache_dir == system / "open" / "cache"
    assert found.data_dir.stat().st_mode & 0o777 == 0o711


def test_root_keeps_the_data_in_the_system_folder_where_they_cannot(system: Path) -> None:
    found = create(system / "closed")
    assert found.servers_dir.is_symlink()
    assert found.servers_dir.resolve().parent == system / "system-data"
    assert found.cache_dir == system / "system-cache"


def test_data_of_a_deleted_folder_goes(system: Path) -> None:
    found = create(system / "closed")
    old = found.servers_dir.resolve() / "old"
    old.touch()
    found.servers_dir.unlink()
    create(system / "closed")
    assert not old.exists()
    assert found.servers_dir.resolve() == old.parent


def test_private_file_replaces_another_and_follows_no_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("untouched")
    link.symlink_to(target)
    layout.write_private(link, "secret")
    assert target.read_text() == "untouched"
    assert link.read_text() == "secret"
    assert link.stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 2
