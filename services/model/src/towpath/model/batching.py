"""Which texts run together: of like length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["batches"]


def batches(lengths: Sequence[int], *, max_tokens: int, max_texts: int) -> Iterator[list[int]]:
    """Indices of `lengths` (tokens), shortest first, each exactly once.

    A batch has at most `max_texts` texts and, padded to its longest, at most `max_tokens` tokens, unless a single
    text is longer.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) == max_texts or (len(batch) + 1) * lengths[index] > max_tokens):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
