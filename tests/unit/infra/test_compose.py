"""`docker-compose.yml` and the Dockerfile, as far as they can be held to something without an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from typer.main import get_command

from api.guard import OPEN_TO_ALL, check_settings, is_loopback
from bench import demo
from cli.main import app
from cli.run import Worker
from infra import servers
from infra.compose.render import compose_file, files
from infra.compose.workers import API, TELEMETRY_PORT, discovery, service_of
from infra.stack import versions
from infra.workers import WORKERS
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

ROOT = Path(__file__).parents[3]
LOADER = ROOT / "tests" / "compose"
EXAMPLE = ROOT / ".env.example"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
PROFILES = ("", "capture", "dashboards", "metrics", "demo")
ONE_SHOT = {"init", "demo"}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")


@pytest.fixture(scope="session")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that loads Compose files with the library of `docker compose` itself."""
    go = shutil.which("go")
    if not go:
        pytest.skip("Go is missing: it builds Compose's own loader")
    program = tmp_path_factory.mktemp("compose") / "load"
    command = [go, "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(command, cwd=LOADER, check=True, capture_output=True, text=True)
    return program


def load(loader: Path, profiles: str, environment: Path = EXAMPLE) -> dict[str, Any]:
    done = subprocess.run(
        [loader, ROOT / "docker-compose.yml", environment, profiles], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    project: dict[str, Any] = json.loads(done.stdout)
    return project


@cache
def services(loader: Path) -> dict[str, Any]:
    """Every service, as Compose understands it."""
    found: dict[str, Any] = load(loader, ",".join(PROFILES[1:]))["services"]
    return found


def test_the_generated_files_are_up_to_date() -> None:
    for name, text in files().items():
        assert (ROOT / name).read_text("utf-8") == text, "run `python -m infra.compose`"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile or "no profile")
def test_compose_loads_it_with_each_profile(loader: Path, profile: str) -> None:
    names = set(load(loader, profile)["services"])
    pipeline = {"init", "kafka", "registry", "postgres", "opensearch", "minio", *map(service_of, WORKERS), API}
    added = {
        "capture": {"capture-worker"},
        "dashboards": {"dashboards"},
        "metrics": {"prometheus", "grafana"},
        "demo": {"demo"},
    }
    assert names == pipeline | added.get(profile, set())


def test_without_passwords_compose_says_how_to_make_them(loader: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = subprocess.run(
        [loader, ROOT / "docker-compose.yml", tmp_path / "empty", ""], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "infra/compose/env.sh" in done.stderr


def test_every_variable_is_documented() -> None:
    documented = set(re.findall(r"^#?([A-Z]\w+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    # HOME is the shell's.
    assert set(VARIABLE.findall(compose_file())) - {"HOME"} == documented


def test_random_passwords_are_made_once_and_for_the_owner_only(loader: Path, tmp_path: Path) -> None:
    script = tmp_path / "infra" / "compose" / "env.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "infra" / "compose" / "env.sh", script)
    subprocess.run(["sh", script], check=True, capture_output=True)
    made = tmp_path / ".env"
    text = made.read_text("utf-8")
    assert made.stat().st_mode & 0o777 == 0o600
    kafka = load(loader, "", made)["services"]["kafka"]["environment"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{21}", kafka["CLUSTER_ID"])
    values = [line.partition("=")[2] for line in text.splitlines() if "ID=" not in line]
    assert len(set(values)) == len(values) == 5
    assert all(len(value) >= 44 for value in values)
    subprocess.run(["sh", script], check=True, capture_output=True)
    assert made.read_text("utf-8") == text

    # That of an older release, as an editor leaves it.
    kept = [line for line in text.splitlines() if "API__TOKEN" not in line]
    made.write_text("\n".join(kept), "utf-8")
    subprocess.run(["sh", script], check=True, capture_output=True)
    token, *others = made.read_text("utf-8").splitlines()
    assert re.fullmatch(r"SESSIONTRACK_API__TOKEN=\w{64}", token)
    assert others == kept


def test_images_are_pinned(loader: Path) -> None:
    bases = [base for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) if ":" in base]
    images = [service["image"] for service in services(loader).values()] + bases
    assert len(bases) == 5
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?", image), f"{image} is not pinned"


def test_images_of_ours_are_never_pulled(loader: Path) -> None:
    for service in services(loader).values():
        ours = service["image"].startswith("sessiontrack/")
        assert ("build" in service) == ours
        assert not ours or service["pull_policy"] == "build"


def test_the_servers_are_those_of_the_native_stack(loader: Path) -> None:
    images = {name: service["image"] for name, service in services(loader).items()}
    assert images["kafka"].endswith(f":{versions.KAFKA}")
    assert images["registry"].endswith(f":{versions.APICURIO}")
    assert images["opensearch"].endswith(f":{versions.OPENSEARCH}")
    assert images["dashboards"].endswith(f":{versions.OPENSEARCH}")
    assert services(loader)["minio"]["build"]["args"]["MINIO_VERSION"] == versions.MINIO
    kafka = services(loader)["kafka"]["environment"]
    for key, value in servers.KAFKA.items():
        assert kafka["KAFKA_" + key.upper().replace(".", "_")] == str(value)


def test_ports_are_published_on_the_loopback_address_only(loader: Path) -> None:
    published = [port for service in services(loader).values() for port in service.get("ports", [])]
    assert len(published) == 9
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_a_command_on_the_host_finds_the_servers_by_its_defaults(loader: Path) -> None:
    ports = {
        name: int(port["published"]) for name, service in services(loader).items() for port in service.get("ports", [])
    }
    defaults = Settings.model_fields
    assert defaults["kafka"].default.bootstrap_servers == f"127.0.0.1:{ports['kafka']}"
    assert defaults["registry"].default.url == f"http://127.0.0.1:{ports['registry']}"
    assert defaults["postgres"].default.port == ports["postgres"]
    assert defaults["opensearch"].default.url == f"http://127.0.0.1:{ports['opensearch']}"
    assert defaults["s3"].default.endpoint == f"127.0.0.1:{ports['minio']}"
    assert defaults["api"].default.port == ports["api"]


def test_every_service_tells_how_it_is_and_has_bounds(loader: Path) -> None:
    for name, service in services(loader).items():
        assert int(service["mem_limit"]) > 0
        assert service["pids_limit"] > 0
        assert service["logging"]["options"]["max-size"]
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
        check = service["healthcheck"]
        assert check.get("disable") if name in ONE_SHOT else check["test"][0] == "CMD", name


def test_dependencies_wait_for_what_can_come_to_pass(loader: Path) -> None:
    for service in services(loader).values():
        for needed, how in (service.get("depends_on") or {}).items():
            expected = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert how["condition"] == expected


def test_our_services_run_commands_that_there_are(loader: Path) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    ours = {
        name: service for name, service in services(loader).items() if "sessiontrack/sessiontrack" in service["image"]
    }
    # Its client is not in the image: who has an account runs it beside the others.
    workers = set(Worker) - {Worker.PINECONE}
    assert set(ours) == {"init", API, *(service_of(worker.value) for worker in workers)}
    for name, service in ours.items():
        command, *arguments = service["command"]
        context = commands[command].make_context(command, list(arguments))
        assert name in ("init", API) or context.params["name"] is not None


def test_our_services_can_change_nothing_but_their_data(loader: Path) -> None:
    for name, service in services(loader).items():
        if "sessiontrack/minio" in service["image"] or not service["image"].startswith("sessiontrack/"):
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["init"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    [transcripts] = [mount for mount in services(loader)["capture-worker"]["volumes"] if mount["type"] == "bind"]
    assert transcripts["read_only"] is True
    assert transcripts["source"] == "/home/somebody/.clawdbot"


def settings_of(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Settings:
    """What a service of ours runs with."""
    for name in [name for name in os.environ if name.startswith("SESSIONTRACK_")]:
        monkeypatch.delenv(name)
    image = dict(re.findall(r"\b(SESSIONTRACK_\w+)=(\S+)", DOCKERFILE))
    own = {name: value for name, value in service["environment"].items() if name.startswith("SESSIONTRACK_")}
    for name, value in {**own, **image, "SESSIONTRACK_DATA_DIR": str(data_dir)}.items():
        section, _, key = name.removeprefix("SESSIONTRACK_").lower().partition("__")
        field = Settings.model_fields[section]
        assert not key or key in type(field.default).model_fields, name
        monkeypatch.setenv(name, value)
    return Settings()


def test_our_settings_are_settings(loader: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = settings_of(services(loader)["capture-worker"], monkeypatch, tmp_path)
    assert settings.kafka.bootstrap_servers == "kafka:19092"
    assert settings.telemetry.port == TELEMETRY_PORT
    assert settings.capture.roots == [Path("/transcripts")]


def test_the_dashboard_is_reached_from_the_host_and_by_nobody_without_the_token(
    loader: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = services(loader)[API]
    settings = settings_of(service, monkeypatch, tmp_path).api
    assert not is_loopback(settings.host)
    check_settings(settings)
    with pytest.raises(UsageError):
        check_settings(settings.model_copy(update={"token": SecretStr("")}))
    [port] = service["ports"]
    assert port["target"] == settings.port
    # Its supervisor has no token.
    assert any(f"http://127.0.0.1:{settings.port}{path}'" in service["healthcheck"]["test"][-1] for path in OPEN_TO_ALL)


def test_prometheus_asks_each_of_ours_that_stays(loader: Path) -> None:
    found = discovery()
    named = [target for group in found["static_configs"] for target in group["targets"]]
    named += [f"{name}:{each['port']}" for each in found["dns_sd_configs"] for name in each["names"]]
    exposed = [f"{name}:{port}" for name, each in services(loader).items() for port in each.get("expose", [])]
    assert sorted(named) == sorted(exposed)


def test_prometheus_finds_its_rules_and_whom_alerts_go_to(loader: Path) -> None:
    folder = Path("/etc/prometheus")
    service = services(loader)["prometheus"]
    mounts = {Path(mount["target"]): ROOT / mount["source"] for mount in service["volumes"] if mount["type"] == "bind"}
    config = yaml.safe_load(mounts[folder / "prometheus.yml"].read_text("utf-8"))
    [alertmanagers] = config["alerting"]["alertmanagers"]
    for pattern in (*config["rule_files"], *alertmanagers["file_sd_configs"][0]["files"]):
        assert mounts[(folder / pattern).parent].is_dir(), pattern
    # Where an Alertmanager runs beside the containers.
    assert service["extra_hosts"]


def test_the_images_run_as_nobody_in_particular() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    for stage in stages:
        if " AS minio\n" in stage or " AS sessiontrack\n" in stage:
            assert re.search(r"^USER (1000:1000|\$UID:\$GID)$", stage, re.MULTILINE)
    assert f":{TELEMETRY_PORT}/health/ready" in DOCKERFILE
    assert 'ENTRYPOINT ["sessiontrack"]' in DOCKERFILE


def test_the_images_hold_what_the_lock_names_and_no_secrets() -> None:
    assert DOCKERFILE.count("--require-hashes") == 2
    assert not re.search(r"(?i)password|secret|token", DOCKERFILE)
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    # Each path that is copied from the context is let in.
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]
    }
    for name in copied - {"bench"}:
        assert f"!{name}" in ignored, name
        assert (ROOT / name).exists(), name


def test_the_image_lock_is_part_of_the_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    assert pins("requirements.image.lock") <= pins("requirements.lock"), "run `make lock`"


def test_the_demo_runs_against_servers_that_are_there() -> None:
    assert "--running" in DOCKERFILE
    assert demo.arguments(["--running"]).running


def test_the_workflow_runs_the_demo_on_compose_and_looks_at_the_dashboard() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    steps = [step.get("run", "") for step in workflow["jobs"]["compose"]["steps"]]
    assert steps.index("sh infra/compose/env.sh") < next(i for i, step in enumerate(steps) if " up --wait" in step)
    looks = next(i for i, step in enumerate(steps) if "Bearer $SESSIONTRACK_API__TOKEN" in step)
    assert steps.index("docker compose run --rm demo") < looks
