"""Chance that is the same whenever something is read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["chances", "chances_of"]

_BYTES = 8


def chances(name: str, count: int = 1) -> tuple[float, ...]:
    """`count` numbers (8 at most) that nobody could tell from independent and uniform on 0 to 1."""
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=_BYTES * count).digest()
    parts = (digest[start : start + _BYTES] for start in range(0, len(digest), _BYTES))
    return tuple([int.from_bytes(part) / 2.0**64 for part in parts])


def chances_of(names: Iterable[str], count: int = 1) -> NDArray[np.float64]:
    """The same (n, `count`) of n names, for a third of what each costs by itself."""
    size = _BYTES * count
    digests = [hashlib.blake2b(each.encode("utf-8", "replace"), digest_size=size).digest() for each in names]
    found: NDArray[np.float64] = np.frombuffer(b"".join(digests), dtype=">u8").reshape(-1, count) / 2.0**64
    return found
