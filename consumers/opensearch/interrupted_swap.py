"""Ends the wait for a rebuild that was killed while it swapped the indexes, and so kept every writer out of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opensearchpy import OpenSearch

from sessiontrack.rebuilding import locked, plan_file, rebuild_folder


def end_interrupted_swap(client: OpenSearch, data_dir: Path, name: str, aliases: Sequence[str]) -> None:
    """Lets indexes be written that a dead rebuild of this data folder has left closed to writers.

    Where none has begun, or its process is alive, or it runs on a machine with another data folder, nothing is done.

    Args:
        client: A connection.
        data_dir: Where rebuilds keep their plans.
        name: What is rebuilt.
        aliases: Of the indexes in use.

    Raises:
        OpenSearchException: OpenSearch does not answer.
    """
    folder = rebuild_folder(data_dir, name)
    if not plan_file(folder).exists():
        return
    # Held until it is done: a rebuild that is started again meanwhile may close them for good reason.
    with locked(folder) as is_dead:
        if is_dead:
            client.indices.put_settings(index=",".join(aliases), body={"index.blocks.write": None})
