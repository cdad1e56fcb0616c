"""What a stack remembers between an `up` and the next: ports, passwords and processes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from infra.stack import ports
from infra.stack.layout import write_private
from infra.stack.process import ProcessRecord

STACK_ID_BYTES = 16
SECRET_BYTES = 32


def new_stack_id() -> str:
    """A random id in the form that Kafka wants for a cluster: 22 characters that don't begin with a dash."""
    while (text := base64.urlsafe_b64encode(secrets.token_bytes(STACK_ID_BYTES)).decode().rstrip("=")).startswith("-"):
        continue
    return text


class StackState(BaseModel):
    """The state of one stack; holds its passwords, so its file is private."""

    stack_id: str = Field(default_factory=new_stack_id)
    object_store: Literal["minio", "seaweedfs"]
    ports: dict[str, int] = {}
    secrets: dict[str, str] = {}
    processes: dict[str, ProcessRecord] = {}

    def complete(self, port_names: Sequence[str], secret_names: Sequence[str]) -> None:
        """Chooses the ports and passwords that are still missing; those that are there never change."""
        missing = [name for name in port_names if name not in self.ports]
        self.ports |= dict(zip(missing, ports.choose(len(missing)), strict=True))
        self.secrets |= {name: secrets.token_hex(SECRET_BYTES) for name in secret_names if name not in self.secrets}

    def save(self, path: Path) -> None:
        """Replaces the file."""
        write_private(path, self.model_dump_json(indent=2))


def load_state(path: Path) -> StackState | None:
    """The state in a file, None where there is none."""
    try:
        return StackState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
