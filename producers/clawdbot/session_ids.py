"""The id under which a session is kept."""

from __future__ import annotations

from hashlib import sha256

from producers.clawdbot.fields import storable

# As long as the name of a file can be. OpenSearch takes ids of 512 bytes, an index of PostgreSQL 2,700.
_LONGEST_BYTES = 255


def session_id(stated: str) -> str:
    """The id that a transcript states, in characters that every store takes; of one that is too long, its SHA-256.

    Whatever stands in it, it is never a path: who needs one from it has to quote it.
    """
    found = str(storable(stated))
    encoded = found.encode()
    return found if len(encoded) <= _LONGEST_BYTES else f"sha256-{sha256(encoded).hexdigest()}"
