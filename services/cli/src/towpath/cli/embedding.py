"""Sentence embeddings for commands, by the encoder that training uses, with progress and kept for the next time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from towpath.cli.context import console
from towpath.model.build import EncoderFolder, build_encoder
from towpath.pipelines.encoders import encoder_folder
from towpath.pipelines.remote import chosen_store
from towpath.pipelines.steps.encode import embed

__all__ = ["embedded"]

# As many as an interruption may cost to embed again.
_CHUNK = 500


def embedded(texts: list[str], home: Path, encoder: str | Path | None) -> NDArray[np.float32]:
    """(n, D) float32 of unit length.

    Args:
        home: of the installation; embeddings are kept in its cache.
        encoder: id of an imported one, or folder of a built one; all-MiniLM-L6-v2 when None.
    """
    cache = home / "cache"
    folder = EncoderFolder(encoder_folder(encoder, home, chosen_store(None))) if encoder else build_encoder(cache)
    parts = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("embedding", total=len(texts))
        for at in range(0, len(texts), _CHUNK):
            parts.append(embed(texts[at : at + _CHUNK], folder, cache))
            progress.update(task, completed=min(at + _CHUNK, len(texts)))
    return np.concatenate(parts) if parts else np.zeros((0, int(folder.description["hidden"])), dtype=np.float32)
