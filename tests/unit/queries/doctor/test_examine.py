from __future__ import annotations

from pathlib import Path

import pytest

from queries.doctor import examine as module
from queries.doctor.examine import examine
from queries.doctor.finding import Finding
from sessiontrack.settings import Settings


async def test_a_check_that_fails_is_a_finding_and_the_others_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    def failing(folder: Path, reserve_bytes: int) -> Finding:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(module, "check_disk", failing)
    away = f"127.0.0.1:{unused_tcp_port}"
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "kafka": {"bootstrap_servers": away},
            "registry": {"url": f"http://{away}"},
            "s3": {"secret_key": ""},
            "capture": {"roots": [tmp_path]},
        }
    )
    findings = {finding.check: finding for finding in await examine(settings)}
    assert findings["disk"].level == "wrong"
    assert "ZeroDivisionError" in findings["disk"].found
    assert findings["transcripts"].level == "ok"
    assert findings["broker"].level == "wrong"
