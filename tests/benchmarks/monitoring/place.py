"""What every group is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Place"]

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Place:
    """`work`: a folder that lasts, for embeddings, bundles and peers. `semeval`: its files, where they are at hand.

    `quick`: tiny sizes, which show that it runs. Whatever is drawn at random is drawn from `seed`.
    """

    work: Path
    tell: Callable[[str], None]
    quick: bool = False
    semeval: Path | None = None
    seed: int = 0
