"""The rules of Prometheus: it takes them, each alert fires when it should, and says where help is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from infra.prometheus.config import ALERTMANAGERS_FOLDER, RULES, write_native_config
from sessiontrack.settings import EmbeddingSettings
from tests.prometheus import prometheus_program, rules

ROOT = Path(__file__).parents[3]
RULE_TESTS = RULES.with_name("tests") / "alerts.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"


ALERTS = rules("alerts")


def promtool(*arguments: str | Path) -> str:
    command = [prometheus_program("promtool"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules_and_both_configurations(tmp_path: Path) -> None:
    promtool("check", "config", write_native_config(tmp_path))
    # In the container the rules lie beside it.
    (tmp_path / "prometheus.yml").write_bytes((ROOT / "infra" / "compose" / "prometheus.yml").read_bytes())
    (tmp_path / "rules").symlink_to(RULES)
    found = promtool("check", "config", "--lint-fatal", tmp_path / "prometheus.yml")
    assert "2 rule files found" in found


def test_whom_alerts_go_to_outlives_the_configuration_that_each_start_writes(tmp_path: Path) -> None:
    nobody = "alertmanager config does not exist"
    config = write_native_config(tmp_path)
    assert nobody in promtool("check", "config", config)
    (config.with_name(ALERTMANAGERS_FOLDER) / "mine.json").write_text('[{"targets": ["127.0.0.1:9093"]}]', "utf-8")
    assert nobody not in promtool("check", "config", write_native_config(tmp_path))


def test_each_alert_fires_for_what_is_sick_and_for_nothing_else() -> None:
    promtool("test", "rules", RULE_TESTS)


def test_no_alert_is_left_untried() -> None:
    cases = [
        case for each in yaml.safe_load(RULE_TESTS.read_text("utf-8"))["tests"] for case in each["alert_rule_test"]
    ]
    names = {alert["alert"] for alert in ALERTS}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_where_help_is(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"]
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    section = re.search(
        rf"^## {alert['alert']}\n(.*?)(?=^## |\Z)", RUNBOOK.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert (ROOT / page, anchor) == (RUNBOOK, alert["alert"].lower())
    assert section
    assert "**Look**" in section[1]
    assert "**Do**" in section[1]


def test_the_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    assert sections == [alert["alert"] for alert in ALERTS]


def test_waiting_for_a_provider_is_no_server_that_is_down() -> None:
    [down] = [alert for alert in ALERTS if alert["alert"] == "DependencyDown"]
    providers = get_args(EmbeddingSettings.model_fields["provider"].annotation)
    assert f'dependency!~"{"|".join(["disk", *providers])}"' in down["expr"]
