"""Whose turn it is in a canary."""

from __future__ import annotations

import hashlib

__all__ = ["answers_by_challenger"]


def answers_by_challenger(document_id: str, rollout_id: str, share: float) -> bool:
    """Whether the challenger answers this document: the same each time, for `share` (0 to 1) of the ids."""
    digest = hashlib.sha256(f"{len(rollout_id)}:{rollout_id}{document_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
