"""Makes everything the pipeline needs in its servers: topics, schemas, tables, templates, bucket."""

from __future__ import annotations

from collections.abc import Callable

from sessiontrack.settings import Settings


def initialise(settings: Settings, progress: Callable[[str], None] = lambda step: None) -> None:
    """Makes what is missing; safe to repeat, and to run beside a pipeline that works.

    Args:
        settings: Where the servers are.
        progress: Told of each step before it begins.

    Raises:
        UnavailableError: A server does not answer, or is not ready yet.
        TransientError: The same.
    """
    from infra.bucket import create_bucket
    from infra.migrations import upgrade
    from infra.opensearch.setup import put_templates
    from infra.registry import prepare_registry
    from infra.topics import create_topics, register_schemas

    progress("topics")
    create_topics(settings.kafka)
    progress("registry")
    prepare_registry(settings.registry.url, settings.kafka.bootstrap_servers)
    progress("schemas")
    register_schemas(settings)
    progress("bucket")
    create_bucket(settings.s3)
    progress("tables")
    upgrade(settings)
    progress("indexes")
    put_templates(settings)
