"""Embeddings in a dozen bytes, so that whoever watches a model's input need not encode texts again.

A bundle has *anchors*: the mean of the embeddings of the texts that its head was trained on, and the means of clusters
of them. A byte of a sketch says how near a text is to one of these. A bundle without anchors has sixteen directions of
random signs instead (Achlioptas, "Database-friendly random projections", JCSS 66(4), 2003).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "FILE", "SCALE", "Anchors", "sketch"]

DIMENSIONS = 16
"""Of a sketch by random signs."""
FILE = "anchors.json"
"""The bundle's file that has them."""
_FORMAT = "towpath-anchors/1"
_MOST_ANCHORS, _MOST_ENTRY = 64, 127
_SPREADS = 4.5

# A direction has entries of 1 and -1, not yet divided by sqrt(D), so the coordinate of a text's embedding on it has a
# standard deviation of 1, not of 1/sqrt(D) (over directions: the sum of its D squares). A byte holds 127 / 32, four of
# them; beyond, it saturates.
SCALE = 32
# Embeddings are rounded to multiples of 2**-40, finer than float32 where it matters. Their sums, at most sqrt(D), are
# then exact in float64, whatever the order they are made in: no BLAS, batch or processor gives other bytes. Anchors
# have whole numbers of up to 127, so of them a coarser grain is exact.
_GRAIN = 2.0**40
_GRAIN_OF_ANCHORS = 2.0**32
# At a time: they stay in the cache, and BLAS wakes no threads for so few. 512 at once took up to seven times as long.
_ROWS = 32


@dataclass(frozen=True)
class Anchors:
    """k anchors of D whole numbers: `entries` (k, D) of -127 to 127, of any length but 0.

    A text's coordinate is (cosine to the anchor - `centres`) / `spreads`, both (k,), in a byte of 4.5 spreads to either
    side. `basis` names them: sketches of two bases say nothing of each other; 0 are random signs.
    """

    entries: NDArray[np.float64]
    centres: NDArray[np.float64]
    spreads: NDArray[np.float64]
    basis: int

    @classmethod
    def read(cls, data: bytes) -> Anchors:
        """Of a bundle's file. Raises ValueError where it is none; says why."""
        try:
            told: dict[str, Any] = json.loads(data)
            if told.get("format") != _FORMAT:
                raise ValueError(f"of an unknown format, this version reads {_FORMAT}")
            entries, centres, spreads = (np.asarray(told[each], dtype=np.float64) for each in _PARTS)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not anchors: {error!r}") from error
        if entries.ndim != 2 or not 0 < len(entries) <= _MOST_ANCHORS or centres.shape != (len(entries),):
            raise ValueError("its lists do not fit together")
        # NaN is none of these.
        whole = bool((np.abs(entries) <= _MOST_ENTRY).all() and (entries == np.rint(entries)).all())
        if not whole or not entries.any(axis=1).all():
            raise ValueError("an anchor is not of whole numbers up to 127, or is 0")
        if spreads.shape != centres.shape or not (np.isfinite(centres).all() and (spreads > 0).all()):
            raise ValueError("centres and spreads are not numbers, the spreads above 0")
        return cls(entries, centres, spreads, int.from_bytes(hashlib.sha256(data).digest()[:4]) or 1)

    @staticmethod
    def written(entries: NDArray[np.int8], centres: NDArray[np.float64], spreads: NDArray[np.float64]) -> bytes:
        """The file of these."""
        lists = (entries.tolist(), centres.tolist(), spreads.tolist())
        return json.dumps({"format": _FORMAT, **dict(zip(_PARTS, lists, strict=True))}, separators=(",", ":")).encode()


_PARTS = ("entries", "centres", "spreads")


def sketch(embeddings: NDArray[np.floating], anchors: Anchors | None = None) -> NDArray[np.int8]:
    """(n, D) of unit length to (n, k) int8; the same embedding gives the same bytes on every machine.

    Without anchors k is 16, and of two texts the distance of the sketches / (`SCALE` * 4) estimates that of the
    embeddings: for random directions the mean of its square is right, with a relative standard deviation of sqrt(2/16)
    at most.

    Raises:
        ValueError: not (n, D), or not finite (which rows is in `args[1]`), or not as wide as the anchors.
    """
    if embeddings.ndim != 2 or embeddings.shape[1] == 0:
        raise ValueError(f"embeddings are of shape {embeddings.shape}: (n, D) was wanted")
    if anchors is not None and anchors.entries.shape[1] != embeddings.shape[1]:
        raise ValueError(f"embeddings have {embeddings.shape[1]} numbers, the anchors {anchors.entries.shape[1]}")
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(bad):
        raise ValueError(f"the embeddings of {len(bad)} texts are not finite", bad.tolist())
    found = [_rows(embeddings[start : start + _ROWS], anchors) for start in range(0, len(embeddings), _ROWS)]
    width = DIMENSIONS if anchors is None else len(anchors.entries)
    return np.concatenate([np.empty((0, width), dtype=np.int8), *found])


def _rows(embeddings: NDArray[np.floating], anchors: Anchors | None) -> NDArray[np.int8]:
    if anchors is None:
        whole = np.rint(embeddings.astype(np.float64) * _GRAIN)
        made = whole @ _directions(embeddings.shape[1]) * (SCALE / _GRAIN)
    else:
        whole = np.rint(embeddings.astype(np.float64) * _GRAIN_OF_ANCHORS)
        cosines = whole @ anchors.entries.T / _GRAIN_OF_ANCHORS / np.sqrt((anchors.entries**2).sum(axis=1))
        made = (cosines - anchors.centres) / anchors.spreads * (_MOST_ENTRY / _SPREADS)
    return np.rint(made).clip(-_MOST_ENTRY, _MOST_ENTRY).astype(np.int8)


@lru_cache(maxsize=8)
def _directions(width: int) -> NDArray[np.float64]:
    """(width, 16) of 1 and -1: the bits of a hash, for numpy's generators may change with its versions."""
    told = f"towpath.model.sketch 1 {width}".encode()
    data = np.frombuffer(hashlib.shake_256(told).digest(width * DIMENSIONS // 8), dtype=np.uint8)
    made = np.ones((width, DIMENSIONS), dtype=np.float64)
    made[np.unpackbits(data).reshape(width, DIMENSIONS) == 1] = -1
    made.flags.writeable = False
    return made
