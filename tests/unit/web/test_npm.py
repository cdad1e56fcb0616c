"""npm where Node.js is missing or old: a way of the web dashboard's build that a machine with Node.js never goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[3] / "web"


def test_an_old_node_is_replaced_by_one_whose_scripts_find_npm(tmp_path: Path) -> None:
    web, old = tmp_path / "web", tmp_path / "old"
    web.mkdir()
    old.mkdir()
    for name in ("npm.sh", "requirements.node.lock"):
        shutil.copy(WEB / name, web / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for name in ("node", "npm"):
        (old / name).write_text("#!/bin/sh\necho v16.20.2\n", "utf-8")
        (old / name).chmod(0o755)
    scripts = {"build": "npm run --silent inner", "inner": "node --version"}
    (web / "package.json").write_text(json.dumps({"scripts": scripts}), "utf-8")
    done = subprocess.run(
        [web / "npm.sh", "run", "--silent", "build"],
        env={**os.environ, "PATH": f"{old}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    locked = (WEB / "requirements.node.lock").read_text("utf-8")
    assert f"=={done.stdout.strip().removeprefix('v')} " in locked
