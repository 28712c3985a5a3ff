"""Which texts run together: of like length, so that little is padding, and many, so that weights are read seldom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_BATCH_TEXTS", "MAX_BATCH_TOKENS", "batches", "feed", "lanes", "padded"]

# What is between two layers stays in the second level of the cache (2 MiB a core): batches of 4096 tokens take a tenth
# to a quarter more processor time a document. Sorted by length, 2 % of the tokens are padding, so there is little to
# gain by packing without it (and ONNX Runtime has the operator for that, PackedAttention, for CUDA only).
MAX_BATCH_TOKENS = 512
MAX_BATCH_TEXTS = 32
# What a run costs whatever it is given, for it reads all weights: as much as so many tokens, in fp32 and int8 alike.
_RUN_TOKENS = 24


def batches(
    lengths: Sequence[int], *, max_tokens: int = MAX_BATCH_TOKENS, max_texts: int = MAX_BATCH_TEXTS
) -> Iterator[list[int]]:
    """Indices of `lengths` (tokens), shortest first, each exactly once, cut into the batches that cost least.

    A batch has at most `max_texts` texts and, padded to its longest, at most `max_tokens` tokens, unless a single
    text is longer. Costs are the padded tokens and a constant for each batch (dynamic programming over the cuts): of
    eight tweets, that saves a seventh against filling batches up.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    least, start = [0], [0]  # of the first n texts: what they cost at least, and where their last batch starts
    for end in range(1, len(order) + 1):
        longest = lengths[order[end - 1]]
        most = max(1, min(max_texts, max_tokens // longest, end))
        cost, first = min((least[end - size] + size * longest, end - size) for size in range(1, most + 1))
        least.append(cost + _RUN_TOKENS)
        start.append(first)
    cuts = [len(order)]
    while cuts[-1]:
        cuts.append(start[cuts[-1]])
    for first, last in pairwise(reversed(cuts)):
        yield order[first:last]


def lanes(batched: list[list[int]], count: int) -> list[list[int]]:
    """The same batches, the largest halved until there are `count` of them or none has two texts."""
    made = list(batched)
    while 0 < len(made) < count and len(largest := max(made, key=len)) > 1:
        place, middle = made.index(largest), len(largest) // 2
        made[place : place + 1] = [largest[:middle], largest[middle:]]
    return made


def padded(ids: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(n, longest) with zeros on the right."""
    return feed(ids)["input_ids"]


def feed(ids: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """What the graph takes: `input_ids` and `attention_mask`, (n, longest) each, zeros on the right."""
    lengths = np.fromiter(map(len, ids), dtype=np.intp, count=len(ids))
    there = np.arange(lengths.max()) < lengths[:, None]
    out = np.zeros(there.shape, dtype=np.int64)
    out[there] = np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=int(lengths.sum()))
    return {"input_ids": out, "attention_mask": there.astype(np.int64)}
