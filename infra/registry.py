"""Makes the schema registry strict, and bounds what it writes into Kafka."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from schemas.registry import RegistryError, SchemaRegistry
from sessiontrack.errors import TransientError

# A replay reads every version ever written, and subscribers lag: each version must read, and be read by, all others.
COMPATIBILITY = "FULL_TRANSITIVE"
# Tells of every change of a schema; nobody reads it, and it is made with unlimited retention. The journal's has to be
# unlimited: it holds the schemas, and grows only with them.
EVENTS_TOPIC = "registry-events"
EVENTS_RETENTION_MS = 7 * 24 * 3600 * 1000


def prepare_registry(url: str, bootstrap_servers: str) -> None:
    """Refuses incompatible schemas from now on, for it accepts everything by default, and bounds its news.

    Args:
        url: Its Confluent API.
        bootstrap_servers: The Kafka that it keeps its schemas in.

    Raises:
        TransientError: The registry or Kafka does not answer, or is not ready yet.
    """
    registry = SchemaRegistry(url)
    try:
        registry.set_compatibility(None, COMPATIBILITY)
        asyncio.run(_bound_events(bootstrap_servers))
    except RegistryError as error:
        raise TransientError(f"The schema registry at {url} is not ready: {error}") from error
    except (KafkaError, OSError) as error:
        raise TransientError(f"Kafka at {bootstrap_servers} is not ready: {error}") from error
    finally:
        registry.close()


async def _bound_events(bootstrap_servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5_000)
    retention = {"retention.ms": str(EVENTS_RETENTION_MS)}
    try:
        await admin.start()
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, EVENTS_TOPIC, retention)])
    finally:
        await admin.close()
