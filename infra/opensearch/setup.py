"""Puts the templates, and makes the first generation of each index behind its alias."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import OpenSearchException, TransportError

from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import OpenSearchSettings, Settings

DATASETS = ("sessions", "messages", "tool-calls")
# A view of the messages that analysts read as documents of their own: each reply of a model with its tokens and cost.
MODEL_CALLS = "model-calls"
_MODEL_CALL = {"bool": {"filter": [{"term": {"model_call": True}}, {"term": {"inherited": False}}]}}
_FIRST_GENERATION = "000001"


def put_templates(settings: Settings) -> None:
    """Puts the templates, makes the indexes that are missing, and adds new fields to those that exist.

    Raises:
        UnavailableError: OpenSearch does not answer.
        SessionTrackError: An index exists whose mapping can't become ours.
    """
    target = settings.opensearch
    with OpenSearch(hosts=[target.url], timeout=60) as client:
        try:
            put_index_templates(client, target)
            for dataset in DATASETS:
                _put_dataset(client, target, dataset)
            _put_model_calls(client, target)
        except NoConnection as error:
            raise UnavailableError(
                f"OpenSearch at {target.url} does not answer", hint="Start the stack with `sessiontrack up`."
            ) from error
        except OpenSearchException as error:
            raise SessionTrackError(
                f"OpenSearch at {target.url} refuses a template or an index: {_reason(error)}",
                hint="`sessiontrack rebuild opensearch` fills a new index beside it, and puts it in its place.",
            ) from error


def index_template(target: OpenSearchSettings, dataset: str) -> dict[str, Any]:
    """The composable template of a dataset's generations."""
    return _load(dataset) | {
        "index_patterns": [f"{target.alias(dataset)}-*"],
        "composed_of": [f"{target.index_prefix}-analysis", f"{target.index_prefix}-settings"],
    }


def index_settings(target: OpenSearchSettings) -> dict[str, Any]:
    """Settings of each index that can change while it lives."""
    return {
        "number_of_replicas": target.replicas,
        # Set, so that an index nobody searched stays fresh too.
        "refresh_interval": target.refresh_interval,
    }


def put_index_templates(client: OpenSearch, target: OpenSearchSettings) -> None:
    """Puts the templates of the indexes that will be made; those that are there stay as they are."""
    put_dataset_templates(client, target, DATASETS)


def put_dataset_templates(client: OpenSearch, target: OpenSearchSettings, datasets: Iterable[str]) -> None:
    """Puts the templates of some datasets."""
    _put_components(client, target)
    for dataset in datasets:
        client.indices.put_index_template(name=target.alias(dataset), body=index_template(target, dataset))


def create_index(client: OpenSearch, index: str, body: dict[str, Any]) -> None:
    """Makes an index, unless another process made it meanwhile."""
    try:
        client.indices.create(index=index, body=body)
    except TransportError as error:
        if error.error != "resource_already_exists_exception":
            raise


def model_calls_alias(target: OpenSearchSettings) -> dict[str, Any]:
    """The view of the replies of models, as an alias of the messages' index."""
    return {"alias": target.alias(MODEL_CALLS), "filter": _MODEL_CALL}


def _put_components(client: OpenSearch, target: OpenSearchSettings) -> None:
    # One shard holds tens of gigabytes of text, and scores of one shard compare; more are for a new generation.
    settings = {"number_of_shards": 1, **index_settings(target)}
    client.cluster.put_component_template(name=f"{target.index_prefix}-analysis", body=_load("analysis"))
    client.cluster.put_component_template(
        name=f"{target.index_prefix}-settings", body={"template": {"settings": {"index": settings}}}
    )


def _put_dataset(client: OpenSearch, target: OpenSearchSettings, dataset: str) -> None:
    alias, template = target.alias(dataset), index_template(target, dataset)
    if not client.indices.exists_alias(name=alias):
        create_index(client, f"{alias}-{_FIRST_GENERATION}", {"aliases": {alias: {"is_write_index": True}}})
    client.indices.put_mapping(index=alias, body=template["template"]["mappings"], write_index_only=True)
    client.indices.put_settings(index=alias, body={"index": index_settings(target)})


def _put_model_calls(client: OpenSearch, target: OpenSearchSettings) -> None:
    """Lays the view over the very generation that the alias of the messages stands for."""
    view = model_calls_alias(target)
    for index in client.indices.get_alias(name=target.alias("messages")):
        client.indices.put_alias(index=index, name=view["alias"], body={"filter": view["filter"]})


def _load(name: str) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(files("infra.opensearch").joinpath("templates", f"{name}.json").read_bytes())
    return template


def _reason(error: OpenSearchException) -> str:
    return str(error.error) if isinstance(error, TransportError) else type(error).__name__
