"""What is kept of a rebuild from one start to the next, beside its state; one process at a time has it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from operations.rebuild.source import Origin
from sessiontrack.errors import UsageError
from sessiontrack.rebuilding import locked, plan_file, rebuild_folder
from streams import revisions

# A worker that lets the indexes be written again has the lock for a moment.
_PATIENCE_S = 2.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """A rebuild that has begun.

    Attributes:
        origin: Where its events come from.
        revisions: Of the derivations that it runs.
        marks: What tells its target; empty until that is made.
    """

    origin: Origin
    revisions: tuple[int, ...]
    marks: dict[str, Any]


def present_revisions() -> tuple[int, ...]:
    """The revisions of the derivations, as they are now."""
    return revisions.SESSIONS, revisions.MESSAGES, revisions.TOOL_CALLS


class RebuildFolder:
    """The folder of a rebuild: its plan and its state.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._plan = plan_file(path)

    @property
    def state(self) -> Path:
        """Folder of the state."""
        return self.path / "state"

    @property
    def has_plan(self) -> bool:
        """Whether a rebuild has begun."""
        return self._plan.exists()

    def load(self) -> Plan | None:
        """The plan; None where no rebuild has begun.

        Raises:
            UsageError: It can't be gone on with.
        """
        try:
            stored = json.loads(self._plan.read_bytes())
            plan = Plan(stored["origin"], tuple(stored["revisions"]), stored["marks"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self._plan} can't be read", hint="Give the rebuild up with --abandon.") from error
        return plan

    def save(self, plan: Plan) -> None:
        """Keeps the plan: the old one or the new one is there, whenever this is killed."""
        draft = self._plan.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(plan)))
        draft.replace(self._plan)

    def clear_state(self) -> None:
        """Forgets how far it is."""
        shutil.rmtree(self.state, ignore_errors=True)

    def clear(self) -> None:
        """Forgets the rebuild, the plan last: until then it is one."""
        self.clear_state()
        self._plan.unlink(missing_ok=True)


@contextmanager
def claimed(data_dir: Path, name: str) -> Iterator[RebuildFolder]:
    """The folder of a rebuild, for this process alone.

    Args:
        data_dir: Where data is kept.
        name: What is rebuilt.

    Raises:
        UsageError: Another process has it.
    """
    folder = rebuild_folder(data_dir, name)
    until = time.monotonic() + _PATIENCE_S
    while True:
        with locked(folder) as is_ours:
            if is_ours:
                yield RebuildFolder(folder)
                return
        if time.monotonic() > until:
            raise UsageError(
                f"a rebuild of {name} is running already", hint="Wait for it, or stop it: it can be gone on with."
            )
        time.sleep(_POLL_S)
