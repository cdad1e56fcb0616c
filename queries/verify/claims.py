"""Large lines that live in the object store: each must be there, whole."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from minio import Minio
from minio.error import S3Error

from queries.verify.ledger import Ledger
from sessiontrack.settings import S3Settings


def check_claims(client: Minio, settings: S3Settings, claims: Mapping[str, tuple[bytes, str]], ledger: Ledger) -> None:
    """Tells the ledger of each claim that is there.

    Args:
        client: A connection to the object store.
        settings: Which bucket.
        claims: SHA-256 and session by object key.
        ledger: What expects them.
    """
    for key, (_, session_id) in claims.items():
        digest = sha256()
        try:
            response = client.get_object(settings.bucket, key)
        except S3Error as error:
            if error.code == "NoSuchKey":
                continue
            raise
        try:
            for part in response.stream(1 << 20):
                digest.update(part)
        finally:
            response.close()
            response.release_conn()
        ledger.found(key, digest.digest(), session_id)
