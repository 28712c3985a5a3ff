"""Embeddings in sixteen bytes, so that whoever watches a model's input need not encode texts again.

A random projection (Johnson & Lindenstrauss 1984) on directions of random signs (Achlioptas, "Database-friendly random
projections", JCSS 66(4), 2003): distances between embeddings are kept, to the error that sixteen numbers have.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "SCALE", "VERSION", "sketch"]

DIMENSIONS = 16
VERSION = 1
"""Of the directions. Sketches of two versions say nothing of each other, and no message tells its version: a change
wants a field of its own in `InputStats` and `Reference`."""

# A direction has entries of 1 and -1, not yet divided by sqrt(D), so the coordinate of a text's embedding on it has a
# standard deviation of 1, not of 1/sqrt(D) (over directions: the sum of its D squares). A byte holds 127 / 32, four of
# them; beyond, it saturates.
SCALE = 32
# Embeddings are rounded to multiples of 2**-40, finer than float32 where it matters. Their sums, at most sqrt(D), are
# then exact in float64, whatever the order they are made in: no BLAS, batch or processor gives other bytes.
_GRAIN = 2.0**40
# At a time: they stay in the cache, and BLAS wakes no threads for so few. 512 at once took up to seven times as long.
_ROWS = 32


def sketch(embeddings: NDArray[np.floating]) -> NDArray[np.int8]:
    """(n, D) of unit length to (n, 16) int8; the same embedding gives the same bytes on every machine.

    Of two texts, the distance of the sketches / (`SCALE` * 4) estimates that of the embeddings: for random directions
    the mean of its square is right, with a relative standard deviation of sqrt(2/16) at most.

    Raises:
        ValueError: not (n, D), or not finite (which rows is in `args[1]`).
    """
    if embeddings.ndim != 2 or embeddings.shape[1] == 0:
        raise ValueError(f"embeddings are of shape {embeddings.shape}: (n, D) was wanted")
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(bad):
        raise ValueError(f"the embeddings of {len(bad)} texts are not finite", bad.tolist())
    made, directions = np.empty((len(embeddings), DIMENSIONS), dtype=np.int8), _directions(embeddings.shape[1])
    for start in range(0, len(embeddings), _ROWS):
        whole = np.rint(embeddings[start : start + _ROWS].astype(np.float64) * _GRAIN)
        made[start : start + _ROWS] = np.rint(whole @ directions * (SCALE / _GRAIN)).clip(-127, 127)
    return made


@lru_cache(maxsize=8)
def _directions(width: int) -> NDArray[np.float64]:
    """(width, 16) of 1 and -1: the bits of a hash, for numpy's generators may change with its versions."""
    told = f"towpath.model.sketch {VERSION} {width}".encode()
    data = np.frombuffer(hashlib.shake_256(told).digest(width * DIMENSIONS // 8), dtype=np.uint8)
    made = np.ones((width, DIMENSIONS), dtype=np.float64)
    made[np.unpackbits(data).reshape(width, DIMENSIONS) == 1] = -1
    made.flags.writeable = False
    return made
