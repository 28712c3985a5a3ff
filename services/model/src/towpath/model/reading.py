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
    `truncated` (n,): something of it is in no piece. `tokens` (n,) and `unknown` (n,): all of the text's, and those
    that the tokenizer does not know, in a piece or not. Special ones are not counted; what two pieces share is once.
    """

    ids: list[list[int]]
    first: NDArray[np.intp]
    counts: NDArray[np.intp]
    truncated: NDArray[np.bool_]
    tokens: NDArray[np.intp]
    unknown: NDArray[np.intp]

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
            unknown, marks = _unknown_id(data, tokenizer), tokenizer.encode("a").special_tokens_mask
        except Exception as error:
            # The library raises Exception itself for whatever it does not like.
            raise BundleError(f"tokenizer.json cannot be used: {str(error)[:300]}") from error
        self.overlap = min(int(max_tokens * _OVERLAP), max_tokens - 1 - tokenizer.num_special_tokens_to_add(False))
        tokenizer.no_padding()
        self._special, self._unknown = tokenizer.num_special_tokens_to_add(False), unknown
        self._stride = max(0, self.overlap) if windows else 0
        # Of a window after the first, where what no other has begins.
        self._new = (marks.index(0) if 0 in marks else 0) + self._stride
        tokenizer.enable_truncation(max_tokens, stride=self._stride)
        self.tokenizer, self._most = tokenizer, MAX_WINDOWS if windows else 1

    def read(self, texts: Sequence[str]) -> Pieces:
        """In Rust's threads, as many as there are cores."""
        found = [self._windows(each) for each in self.tokenizer.encode_batch_fast(list(texts))]
        pieces, *columns = zip(*found, strict=True) if found else [()] * 4
        truncated, tokens, unknown = (np.array(each, dtype=np.intp) for each in columns)
        counts = np.fromiter(map(len, pieces), dtype=np.intp, count=len(found))
        ids = [piece for each in pieces for piece in each]
        return Pieces(ids, counts.cumsum() - counts, counts, truncated.astype(np.bool_), tokens, unknown)

    def _windows(self, encoding: Encoding) -> tuple[list[list[int]], bool, int, int]:
        """Pieces, whether there would be more, tokens, unknown tokens."""
        ids: list[int] = encoding.ids
        rest = encoding.overflowing
        tokens, unknown = len(ids) - self._special, ids.count(self._unknown)
        if not rest:
            return [ids], False, tokens, unknown
        pieces: list[list[int]] = [each.ids for each in rest]
        tokens += sum(map(len, pieces)) - len(pieces) * (self._special + self._stride)
        unknown += sum(each[self._new :].count(self._unknown) for each in pieces)
        return [ids, *pieces[: self._most - 1]], len(rest) >= self._most, tokens, unknown


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text, and which texts were cut off."""
    encodings = tokenizer.encode_batch_fast(list(texts))
    return [each.ids for each in encodings], np.array([bool(each.overflowing) for each in encodings], dtype=np.bool_)


def _unknown_id(data: bytes, tokenizer: Tokenizer) -> int:
    """What a tokenizer makes of what it does not know; -1, no token, where it knows all, as one of bytes does."""
    model = json.loads(data)["model"]
    found = model["unk_id"] if "unk_id" in model else tokenizer.token_to_id(model.get("unk_token") or "")
    return -1 if found is None else int(found)


def wants_windows(objective_json: str) -> bool:
    """Whether the objective has long documents read whole. Raises ValueError, KeyError or TypeError: it is none."""
    delivery = json.loads(objective_json)["contract"].get("delivery") or {}
    choice = delivery.get("longDocuments", "truncate")
    if choice not in ("truncate", "windows"):
        raise ValueError(f"contract.delivery.longDocuments is {choice!r}, which is neither truncate nor windows")
    return bool(choice == "windows")
