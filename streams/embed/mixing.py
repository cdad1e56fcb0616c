"""What was said before a passage, mixed into its vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessiontrack.providers.embedder import Vectors, unit_vectors

# So that a reply lies near what it replies to, and still nearest to what it says (bench/retrieval: 0.71 of the answers
# among the ten nearest, 0.695 with nothing mixed in as with 0.5, 0.71 from 0.15 to 0.3).
_WEIGHT = 0.2


def mixed(vectors: Vectors, before: NDArray[Any] | None) -> Vectors:
    """The vectors by which a message is found.

    All its passages answer the turn before. The weight is so low that a passage which says by itself what it is about
    hardly moves.

    Args:
        vectors: Of its passages: (passages, dimensions), of length 1.
        before: Of the turn before, (dimensions,), of length 1: its own, so that nothing is handed down from turn to
            turn; None where there is none.

    Returns:
        Of the same shape, of length 1.
    """
    if before is None or not len(vectors):
        return vectors
    return unit_vectors(vectors + np.float32(_WEIGHT) * before.astype(np.float32))
