"""Train, calibration and test by the hash of a text's words: stable as data grows, and no text is on two sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.preparation.quality.text import wording

__all__ = ["Split", "part_of", "split"]

_TEST, _CALIBRATION = 0.3, 0.1


@dataclass(frozen=True)
class Split:
    """Indices of the examples in each part."""

    train: NDArray[np.intp]
    calibration: NDArray[np.intp]
    test: NDArray[np.intp]


def split(texts: list[str], *, test: float = _TEST, calibration: float = _CALIBRATION) -> Split:
    """A text's part follows from its words alone, whatever else is in the data.

    Texts that differ in case, spacing or punctuation only are the same: a copy in the test set would flatter the
    model. What differs by a word may be on two sides: the data report counts it as leakage.
    """
    place = np.array([_place(text) for text in texts], dtype=np.float64)
    in_test, in_calibration = place < test, (place >= test) & (place < test + calibration)
    return Split(np.flatnonzero(~in_test & ~in_calibration), np.flatnonzero(in_calibration), np.flatnonzero(in_test))


def part_of(text: str, *, test: float = _TEST, calibration: float = _CALIBRATION) -> str:
    """train, calibration or test: where `split` puts a text."""
    place = _place(text)
    return "test" if place < test else "calibration" if place < test + calibration else "train"


def _place(text: str) -> float:
    return int.from_bytes(hashlib.sha256(wording(text).encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
