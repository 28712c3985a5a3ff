"""A document as the checks see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

__all__ = ["Item", "chunks"]


@dataclass(frozen=True, slots=True)
class Item:
    """`label` is "" where none is known; `part` is a side of a split, or the file it came from; times are Unix s.

    `refused` says why a line could not be read; its `id` is then where it is.
    """

    id: str
    text: str
    label: str = ""
    part: str = ""
    created_at: float | None = None
    refused: str = ""


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
