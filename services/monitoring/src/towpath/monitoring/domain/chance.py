"""Chance that is the same whenever something is read again."""

from __future__ import annotations

import hashlib

__all__ = ["chances"]

_BYTES = 8


def chances(name: str, count: int = 1) -> tuple[float, ...]:
    """`count` numbers (8 at most) that nobody could tell from independent and uniform on 0 to 1."""
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=_BYTES * count).digest()
    parts = (digest[start : start + _BYTES] for start in range(0, len(digest), _BYTES))
    return tuple([int.from_bytes(part) / 2.0**64 for part in parts])
