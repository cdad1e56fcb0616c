"""What npm installs for the example and the tests is pinned by content, wherever it is fetched from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.npm import ASYNCAPI_SPECS
from tests.stack.subscribing import CLIENT


@pytest.mark.parametrize("folder", [ASYNCAPI_SPECS, CLIENT], ids=lambda folder: folder.name)
def test_a_lock_names_contents_and_no_place(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert fetched
    assert [name for name, package in fetched.items() if "integrity" not in package] == []
    assert [name for name, package in fetched.items() if "resolved" in package] == []
    stated = json.loads((folder / "package.json").read_text("utf-8"))
    locked = packages[""]
    for kind in ("dependencies", "devDependencies", "engines"):
        assert locked.get(kind) == stated.get(kind), "run `npm install --package-lock-only`"
