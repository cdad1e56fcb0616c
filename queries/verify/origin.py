"""What a ledger is made of and with: another origin's ledger proves nothing here."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from sessiontrack.settings import Settings

# Where it is decided what a store should hold, and what was proved. All of these rather than the few modules that
# matter today: what was proved by other code is compared again once too often, and never once too seldom.
_PACKAGES = ("queries.verify", "streams", "consumers", "schemas", "sessiontrack")
_SUFFIXES = (".py", ".avsc")


def origin(settings: Settings) -> str:
    """A digest of our own code and of the addresses of log and stores."""
    digest = sha256()
    for package in _PACKAGES:
        for content in _contents(files(package)):
            digest.update(sha256(content).digest())
    postgres, opensearch, s3 = settings.postgres, settings.opensearch, settings.s3
    addresses = (
        settings.kafka.bootstrap_servers,
        f"{postgres.host}:{postgres.port}/{postgres.database}",
        f"{opensearch.url}/{opensearch.index_prefix}",
        f"{s3.endpoint}/{s3.bucket}",
    )
    digest.update("\n".join(addresses).encode())
    return digest.hexdigest()


def _contents(folder: Traversable) -> list[bytes]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            found += _contents(item)
        elif item.name.endswith(_SUFFIXES):
            found.append(item.read_bytes())
    return found
