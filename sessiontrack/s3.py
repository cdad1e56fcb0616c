"""The connection to the object store."""

from __future__ import annotations

import urllib3
from minio import Minio

from sessiontrack.errors import UnavailableError
from sessiontrack.settings import S3Settings

# A block of 32 MiB passes within this on a slow disk; the client's default of 5 minutes would hide a store that hangs.
_TIMEOUT_S = 30.0
# As many as asyncio has threads at most: none waits for a connection.
_CONNECTIONS = 32


def connection_pool() -> urllib3.PoolManager:
    """Pooled connections with bounded waits; clear it when done."""
    return urllib3.PoolManager(
        maxsize=_CONNECTIONS,
        timeout=urllib3.Timeout(connect=5.0, read=_TIMEOUT_S),
        # One for a pooled connection that the server closed; whoever calls decides about more.
        retries=urllib3.Retry(total=1),
    )


def s3_client(settings: S3Settings, pool: urllib3.PoolManager | None = None) -> Minio:
    """A client of the object store; every call of it blocks.

    Args:
        settings: Where it is, and the keys.
        pool: Connections to use; its own where None.

    Raises:
        UnavailableError: No secret key is set: no stack was started, and none is named.
    """
    if not settings.secret_key.get_secret_value():
        raise UnavailableError(
            f"no secret key for the object store at {settings.endpoint}",
            hint="Start the stack with `sessiontrack up`, or set SESSIONTRACK_S3__SECRET_KEY.",
        )
    return Minio(
        settings.endpoint,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=settings.secure,
        http_client=pool or connection_pool(),
    )
