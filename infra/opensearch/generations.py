"""Generations of the indexes: a new one is filled under aliases of its own, and takes the place of the old one.

Source: https://docs.opensearch.org/latest/api-reference/alias/aliases-api/ (one request is one step, or none)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError

from infra.opensearch.setup import (
    DATASETS,
    MODEL_CALLS,
    create_index,
    index_settings,
    model_calls_alias,
    put_index_templates,
)
from sessiontrack.settings import OpenSearchSettings, Settings

# Index by dataset.
Generation = Mapping[str, str]

_NO_REFRESH = "-1"
# A minute: whoever reads for longer, page by page, is told that the index is gone, and reads anew.
_LOOK_S = 0.5
_MOST_LOOKS = 120


def being_filled(settings: Settings) -> Settings:
    """The settings under which the new generation is written: its aliases begin with another prefix."""
    prefix = f"{settings.opensearch.index_prefix}_rebuild"
    target = settings.opensearch.model_copy(update={"index_prefix": prefix, "refresh_interval": _NO_REFRESH})
    return settings.model_copy(update={"opensearch": target})


def live_generation(client: OpenSearch, target: OpenSearchSettings) -> dict[str, str]:
    """The indexes that the aliases stand for; of a dataset without an alias nothing is told."""
    found = {}
    for dataset in DATASETS:
        try:
            [found[dataset]] = client.indices.get_alias(name=target.alias(dataset))
        except NotFoundError:
            continue
    return found


def next_generation(client: OpenSearch, target: OpenSearchSettings) -> dict[str, str]:
    """Names for the next generation: of every dataset the number after the highest that there is."""
    numbers = [
        int(index.removeprefix(f"{target.alias(dataset)}-"))
        for dataset in DATASETS
        for index in client.indices.get(index=f"{target.alias(dataset)}-*")
        if index.removeprefix(f"{target.alias(dataset)}-").isdecimal()
    ]
    number = max(numbers, default=0) + 1
    return {dataset: f"{target.alias(dataset)}-{number:06d}" for dataset in DATASETS}


def create_generation(client: OpenSearch, settings: Settings, generation: Generation) -> None:
    """Makes indexes from the templates as they are now, not refreshed; what is there of them is left as it is."""
    put_index_templates(client, settings.opensearch)
    filling = being_filled(settings).opensearch
    for dataset, index in generation.items():
        body = {
            "aliases": {filling.alias(dataset): {"is_write_index": True}},
            "settings": {"index": {"refresh_interval": _NO_REFRESH}},
        }
        create_index(client, index, body)


def finish_generation(client: OpenSearch, target: OpenSearchSettings, generation: Generation) -> dict[str, int]:
    """Makes all that was written visible, now and from now on, and counts it.

    Returns:
        Documents by dataset.
    """
    indexes = ",".join(generation.values())
    client.indices.put_settings(index=indexes, body={"index": index_settings(target)})
    client.indices.refresh(index=indexes)
    return {dataset: client.count(index=index)["count"] for dataset, index in generation.items()}


def swap_generation(
    client: OpenSearch, settings: Settings, old: Generation, new: Generation, *, keep_old: bool
) -> None:
    """Lets every alias stand for the new generation, all of them at one moment.

    Args:
        client: A connection.
        settings: Names of the aliases.
        old: The generation in use; `delete_retired` deletes it, when nobody reads it any more.
        new: What was filled.
        keep_old: It is not deleted.
    """
    target, filling = settings.opensearch, being_filled(settings).opensearch
    retired = _retired(target)
    actions: list[dict[str, Any]] = []
    for dataset, index in new.items():
        actions.append({"add": {"index": index, "alias": target.alias(dataset), "is_write_index": True}})
        actions.append({"remove": {"index": index, "alias": filling.alias(dataset)}})
    actions.append({"add": {"index": new["messages"], **model_calls_alias(target)}})
    for dataset, index in old.items():
        actions.append({"remove": {"index": index, "alias": target.alias(dataset)}})
        if not keep_old:
            actions.append({"add": {"index": index, "alias": retired.alias(dataset)}})
    if "messages" in old:
        actions.append({"remove": {"index": old["messages"], "alias": target.alias(MODEL_CALLS)}})
    client.indices.update_aliases(body={"actions": actions})


def block_writes(client: OpenSearch, indexes: Iterable[str]) -> None:
    """Refuses writes; on return none is under way any more."""
    for index in indexes:
        client.indices.add_block(index=index, block="write")


def allow_writes(client: OpenSearch, indexes: Iterable[str]) -> None:
    """Takes writes again; of an index that is not there nothing is asked."""
    for index in indexes:
        with suppress(NotFoundError):
            client.indices.put_settings(index=index, body={"index.blocks.write": None})


def delete_generation(client: OpenSearch, generation: Generation) -> None:
    """Deletes indexes; deleting them again changes nothing."""
    for index in generation.values():
        client.indices.delete(index=index, params={"ignore_unavailable": "true"})


def delete_retired(client: OpenSearch, target: OpenSearchSettings, wait: Callable[[float], None]) -> None:
    """Deletes the generations that were swapped out, when the searches that found them have ended.

    Args:
        client: A connection.
        target: Names of the aliases.
        wait: Waits for so many seconds.
    """
    retired = live_generation(client, _retired(target))
    # A search that has just looked up the alias has not begun yet, so it has to be quiet twice.
    quiet = 0
    for _ in range(_MOST_LOOKS):
        quiet = 0 if not retired or _is_read(client, retired) else quiet + 1
        if quiet == 2 or not retired:
            break
        wait(_LOOK_S)
    delete_generation(client, retired)


def _is_read(client: OpenSearch, generation: Generation) -> bool:
    stats = client.indices.stats(index=",".join(generation.values()), metric="search")["_all"]["total"]["search"]
    return any(stats[each] for each in ("query_current", "fetch_current", "scroll_current", "open_contexts"))


def _retired(target: OpenSearchSettings) -> OpenSearchSettings:
    return target.model_copy(update={"index_prefix": f"{target.index_prefix}_retired"})
