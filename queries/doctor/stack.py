"""Checks of the native stack, where one is used on this machine."""

from __future__ import annotations

from queries.doctor.finding import Finding, ok, warning, wrong
from sessiontrack.errors import UsageError
from sessiontrack.extras import install_hint
from sessiontrack.providers.spaces import missing_extra
from sessiontrack.settings import STACK_FILE, Settings


def is_stack_here(settings: Settings) -> bool:
    """Whether a native stack was started in this data folder."""
    return (settings.data_dir / STACK_FILE).exists()


def check_prerequisites(settings: Settings) -> list[Finding]:
    """Whether the machine has what the servers run on; nothing where the stack is not used."""
    if not is_stack_here(settings):
        return []
    try:
        from infra.stack.account import server_account
        from infra.stack.prerequisites import find_tools
    except ImportError as error:
        return [wrong("stack", f"the package {error.name} is missing", install_hint("all"))]
    try:
        tools = find_tools(settings, server_account())
    except UsageError as error:
        return [wrong("stack", " ".join(str(error).split()), error.hint or "")]
    if tools.go is None:
        return [warning("stack", "Go is missing: SeaweedFS serves in the place of MinIO", "apt install golang-go")]
    return [ok("stack", f"JDK at {tools.java_home}, Maven, Go")]


def check_workers(settings: Settings) -> list[Finding]:
    """Whether the pipeline's workers run; nothing where the stack is not used."""
    if not is_stack_here(settings):
        return []
    try:
        from infra.workers import worker_states
    except ImportError:
        return []
    states = {worker.name: worker.state for worker in worker_states(settings)}
    down = [f"{name} is {state}" for name, state in states.items() if state != "running"]
    found = wrong("workers", ", ".join(down), "sessiontrack up") if down else ok("workers", f"{', '.join(states)} run")
    extra = missing_extra(settings.embedding) if settings.embedding.enabled else None
    if extra is None:
        return [found]
    mend = f"{install_hint(extra)}, or embedding.enabled = false"
    return [found, warning("embeddings", "nothing is embedded: search is by words alone", mend)]
