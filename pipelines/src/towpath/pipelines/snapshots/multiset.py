"""A hash of a multiset that goes up and down with what is in it.

LtHash with 1,024 lanes of 16 bits: each element is stretched to a vector by SHAKE-128, and vectors are added. Order
does not matter, and what changed is all that has to be hashed. Two multisets of one hash would be a short vector in a
lattice (Bellare & Micciancio, "A new paradigm for collision-free hashing", EUROCRYPT 1997; Lewi et al., "Securing
update propagation with homomorphic hashing", 2019, with these sizes).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Multiset"]

_LANES = 1024
_BYTES = 2 * _LANES
_AT_ONCE = 512


class Multiset:
    """The sum of its elements' vectors. Equal multisets are equal, however they came about."""

    def __init__(self, lanes: NDArray[np.uint16] | None = None) -> None:
        self._lanes = np.zeros(_LANES, np.uint16) if lanes is None else lanes.copy()

    @classmethod
    def of(cls, elements: Iterable[bytes]) -> Multiset:
        made = cls()
        made.add(elements)
        return made

    @classmethod
    def from_text(cls, text: str) -> Multiset:
        """What `text` made. Raises ValueError when it is no such text."""
        data = base64.b64decode(text, validate=True)
        if len(data) != _BYTES:
            raise ValueError(f"{len(data)} bytes where {_BYTES} are a multiset's")
        return cls(np.frombuffer(data, "<u2").astype(np.uint16))

    def add(self, elements: Iterable[bytes]) -> None:
        self._lanes += _sum(elements)

    def remove(self, elements: Iterable[bytes]) -> None:
        """Of elements that are in it; others leave a sum that is no multiset's."""
        self._lanes -= _sum(elements)

    @property
    def text(self) -> str:
        """The sum, to go on from (`from_text`)."""
        return base64.b64encode(self._lanes.astype("<u2").tobytes()).decode()

    @property
    def sha256(self) -> str:
        """64 hexadecimal digits: of the sum."""
        return hashlib.sha256(self._lanes.astype("<u2").tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multiset) and bool((self._lanes == other._lanes).all())

    def __hash__(self) -> int:
        return hash(self.sha256)


def _sum(elements: Iterable[bytes]) -> NDArray[np.uint16]:
    total, waiting = np.zeros(_LANES, np.uint16), list[bytes]()
    for each in elements:
        waiting.append(hashlib.shake_128(each).digest(_BYTES))
        if len(waiting) == _AT_ONCE:
            total += _added(waiting)
            waiting.clear()
    return total + _added(waiting)


def _added(vectors: list[bytes]) -> NDArray[np.uint16]:
    lanes = np.frombuffer(b"".join(vectors), "<u2").reshape(-1, _LANES)
    summed: NDArray[np.uint16] = lanes.sum(axis=0, dtype=np.uint16)
    return summed
