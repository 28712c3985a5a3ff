"""Texts to token ids: cut off where the model stops reading, or in overlapping windows, by the objective's choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from towpath.model.bundle import BundleError

__all__ = ["MAX_WINDOWS", "Pieces", "Reader", "encode", "wants_windows"]

# Some fourteen thousand tokens of a model that reads 256 at once, 60 pages of a book, seconds of a processor: what is
# longer is no document, and must not hold up those behind it.
MAX_WINDOWS = 64
# Of a window, what the one before it has read as well. A sentence is shorter (20 to 30 tokens of 256), so whichever is
# cut at a border is whole on one side of it, and an eighth more is computed.
_OVERLAP = 1 / 8


@dataclass(frozen=True)
class Pieces:
    """What is read of n texts, in p pieces, those of a text one after the other.

    `ids`: p lists of token ids. `first` (n,): the first piece of each text. `counts` (n,): its pieces.
    `truncated` (n,): something of it is in no piece.
    """

    ids: list[list[int]]
    first: NDArray[np.intp]
    counts: NDArray[np.intp]
    truncated: NDArray[np.bool_]

    def averaged(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(p, D) to (n, D): means over a text's pieces, weighted by their tokens; of one piece, what it has."""
        out = values[self.first]
        for text in np.flatnonzero(self.counts > 1):
            rows = slice(self.first[text], self.first[text] + self.counts[text])
            out[text] = np.average(values[rows], axis=0, weights=[len(each) for each in self.ids[rows]])
        return out

    def averaged_embeddings(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same of embeddings, which are of unit length before and after."""
        out, several = self.averaged(values), self.counts > 1
        out[several] /= np.maximum(np.linalg.norm(out[several], axis=1, keepdims=True), 1e-12)
        return out


class Reader:
    """A tokenizer, and what it does to texts of more than `max_tokens`. Threads may share it."""

    def __init__(self, data: bytes, max_tokens: int, *, windows: bool = False) -> None:
        """`data`: tokenizer.json. Raises BundleError when it cannot be used."""
        try:
            tokenizer = Tokenizer.from_str(data.decode("utf-8"))
        except Exception as error:
            # The library raises Exception itself for whatever it does not like.
            raise BundleError(f"tokenizer.json cannot be used: {str(error)[:300]}") from error
        self.overlap = min(int(max_tokens * _OVERLAP), max_tokens - 1 - tokenizer.num_special_tokens_to_add(False))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens, stride=max(0, self.overlap) if windows else 0)
        self.tokenizer, self._most = tokenizer, MAX_WINDOWS if windows else 1

    def read(self, texts: Sequence[str]) -> Pieces:
        """In Rust's threads, as many as there are cores."""
        found = [self._windows(each) for each in self.tokenizer.encode_batch_fast(list(texts))]
        counts = np.fromiter((len(pieces) for pieces, _ in found), dtype=np.intp, count=len(found))
        truncated = np.fromiter((cut for _, cut in found), dtype=np.bool_, count=len(found))
        return Pieces([piece for pieces, _ in found for piece in pieces], counts.cumsum() - counts, counts, truncated)

    def _windows(self, encoding: Encoding) -> tuple[list[list[int]], bool]:
        rest = encoding.overflowing
        if not rest:
            return [encoding.ids], False
        return [encoding.ids, *(each.ids for each in rest[: self._most - 1])], len(rest) >= self._most


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text, and which texts were cut off."""
    encodings = tokenizer.encode_batch_fast(list(texts))
    return [each.ids for each in encodings], np.array([bool(each.overflowing) for each in encodings], dtype=np.bool_)


def wants_windows(objective_json: str) -> bool:
    """Whether the objective has long documents read whole. Raises ValueError, KeyError or TypeError: it is none."""
    delivery = json.loads(objective_json)["contract"].get("delivery") or {}
    choice = delivery.get("longDocuments", "truncate")
    if choice not in ("truncate", "windows"):
        raise ValueError(f"contract.delivery.longDocuments is {choice!r}, which is neither truncate nor windows")
    return bool(choice == "windows")
