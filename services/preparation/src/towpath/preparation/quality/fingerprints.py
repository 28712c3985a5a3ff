"""What duplicates are found by: numbers of fixed size a document, so that a million fit in memory.

170 bytes a document: a digest of the text, a MinHash signature of its shingles (Broder 1997) cut to a byte a hash
(b-bit minwise hashing, Li & König 2010), and keys of 16 bands of it (locality-sensitive hashing, Indyk & Motwani 1998).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from towpath.preparation.quality.text import normal, shingles

__all__ = ["BANDS", "HASHES", "Fingerprints", "digest"]

BANDS, _ROWS = 16, 6
HASHES = BANDS * _ROWS
"""With 16 bands of 6, two texts of similarity 0.8 are compared with probability 0.99, of 0.5 with 0.22."""

_SEED = 7
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
                 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], dtype=np.uint64)  # fmt: skip


@dataclass(frozen=True)
class Fingerprints:
    """Of n documents: `text` (n,), `bands` (n, BANDS), `signature` (n, HASHES), `label` and `part` (n,) or -1."""

    text: NDArray[np.uint64]
    bands: NDArray[np.uint32]
    signature: NDArray[np.uint8]
    label: NDArray[np.int16]
    part: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.text)

    @classmethod
    def of(
        cls, texts: Sequence[str], said: Sequence[list[str]], labels: Sequence[int], parts: Sequence[int]
    ) -> Fingerprints:
        """`said` has the words of each text (`quality.text.words`)."""
        matrix = RMinHash.digest_matrix_from_token_sets([shingles(each) for each in said], HASHES, _SEED)
        full = np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(texts), HASHES)
        return cls(
            np.array([digest(normal(text)) for text in texts], dtype=np.uint64),
            _keys(full),
            full.astype(np.uint8),
            np.array(labels, dtype=np.int16),
            np.array(parts, dtype=np.int16),
        )

    @classmethod
    def joined(cls, chunks: list[Fingerprints]) -> Fingerprints:
        """One after the other. `chunks` is empty afterwards: a column at a time is there twice, not all of them."""
        columns = [[getattr(each, field.name) for each in chunks or [cls.of([], [], [], [])]] for field in fields(cls)]
        chunks.clear()
        made = []
        for column in columns:
            made.append(np.concatenate(column))
            column.clear()
        return cls(*made)


def digest(text: str) -> int:
    """64 bits: among a million texts, two are taken for the same wrongly once in 37 million such sets."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _keys(signature: NDArray[np.uint32]) -> NDArray[np.uint32]:
    rows = signature.reshape(-1, BANDS, _ROWS).astype(np.uint64) * _MIX
    rows ^= rows >> np.uint64(29)
    mixed = np.bitwise_xor.reduce(rows, axis=2) * _MIX[0]
    return np.asarray(mixed >> np.uint64(32), dtype=np.uint32)
