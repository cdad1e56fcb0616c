"""Generations of the indexes: a new one is filled under aliases of its own, and takes the place of the old one.

Source: https://docs.opensearch.org/latest/api-reference/alias/aliases-api/ (one request is one step, or none)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, TransportError

from infra.opensearch.setup import DATASETS, MODEL_CALLS, index_settings, model_calls_alias, put_index_templates
from sessiontrack.settings import OpenSearchSettings, Settings

# Index by dataset.
Generation = Mapping[str, str]

_NO_REFRESH = "-1"


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
        try:
            client.indices.create(index=index, body=body)
        except TransportError as error:
            if error.error != "resource_already_exists_exception":
                raise


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
        old: The generation in use, deleted in the same moment.
        new: What was filled.
        keep_old: Keep it.
    """
    target, filling = settings.opensearch, being_filled(settings).opensearch
    actions: list[dict[str, Any]] = []
    for dataset, index in new.items():
        actions.append({"add": {"index": index, "alias": target.alias(dataset), "is_write_index": True}})
        actions.append({"remove": {"index": index, "alias": filling.alias(dataset)}})
    actions.append({"add": {"index": new["messages"], **model_calls_alias(target)}})
    for dataset, index in old.items():
        if keep_old:
            actions.append({"remove": {"index": index, "alias": target.alias(dataset)}})
        else:
            actions.append({"remove_index": {"index": index}})
    if keep_old and "messages" in old:
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
