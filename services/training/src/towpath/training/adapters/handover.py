"""Files that the pipeline is given: by path on a home that both share, by URL where there is a store."""

from __future__ import annotations

from pathlib import Path

from towpath.core.store import Store

__all__ = ["hand_over"]


def hand_over(store: Store | None, file: Path, run_id: str) -> str:
    """How the pipeline is told of `file`, which is in the store then, if there is one.

    Raises:
        RetryableError: the store is away.
    """
    return str(file) if store is None else store.put_file(file, f"runs/{run_id}/{file.name}")
