"""What is watched: each quantity as one or more scores of a document, which are then ranked.

A score is fixed before the first document of the stream. Where it is fitted (the embedding's), a third of the reference
is kept for that and ranks nothing, so that the rest and the stream are alike to it: inductive conformal prediction
(Papadopoulos et al., ECML 2002). Ranks see the order of scores only, so each is mapped to 0 to 1 as suits its bins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.drift.columns import Columns

__all__ = ["LEAST_REFERENCE", "NAMES", "Watched", "watched"]

Floats = NDArray[np.float64]
NAMES = ("embedding", "length", "unknown-words", "probabilities", "confidence", "asked")
LEAST_REFERENCE = 40
"""Documents of a reference, below which a quantity is not watched: there is little to hold anything against."""
_LONGEST = 2.0**20
_SHRINKAGE = 0.1


@dataclass(frozen=True)
class Watched:
    """One quantity. `names`: of its k scores. `values` (n,) → (n, k) as people read them, NaN where unknown.

    `to_unit`: values to scores of 0 to 1, in the same order. `calibration` (m, k): values of the reference's documents
    that ranks begin with.
    """

    name: str
    about: str
    names: tuple[str, ...]
    values: Callable[[Columns], Floats]
    to_unit: Callable[[Floats], Floats]
    calibration: Floats


def watched(reference: Columns, classes: Sequence[str]) -> list[Watched]:
    """All quantities that the reference says enough of."""
    made = [
        _embedding(reference),
        _plain("length", "tokens", ("tokens",), _tokens, _log, reference),
        _plain("unknown-words", "share of unknown tokens", ("share",), _unknown, _same, reference),
        _plain("probabilities", "probability", tuple(classes), _probabilities, _same, reference),
        _plain("confidence", "confidence", ("confidence",), _confidence, _same, reference),
        _plain("asked", "share handed to a person", ("share",), _asked, _same, reference),
    ]
    return [each for each in made if each is not None and len(each.calibration) >= LEAST_REFERENCE // 2]


def _plain(
    name: str,
    about: str,
    names: tuple[str, ...],
    values: Callable[[Columns], Floats],
    to_unit: Callable[[Floats], Floats],
    reference: Columns,
) -> Watched | None:
    found = values(reference)
    known = found[np.isfinite(found).all(axis=1)]
    return Watched(name, about, names, values, to_unit, known) if len(known) >= LEAST_REFERENCE else None


def _embedding(reference: Columns) -> Watched | None:
    """How near a document is to each anchor of its release, and the Mahalanobis distance from the reference's mean.

    Texts from elsewhere are less near to the mean of those that a release knows, and to the means of their clusters: of
    tweets against snippets of reviews and news that tells three to five times as much as any principal direction of
    random projections. The distance finds a spread that changed.
    """
    rows, width = reference.sketches, reference.sketches.shape[1]
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < LEAST_REFERENCE or width == 0:
        return None
    fit = rows[: len(rows) // 3]
    centre, spread = fit.mean(axis=0), np.atleast_2d(np.cov(fit.T))
    spread = (1 - _SHRINKAGE) * spread + _SHRINKAGE * max(1e-9, float(np.trace(spread)) / width) * np.eye(width)
    deviations = np.sqrt(np.diag(spread))
    whiten = np.linalg.inv(np.linalg.cholesky(spread)).T

    def values(of: Columns) -> Floats:
        apart = of.sketches - centre
        turned = apart @ whiten
        return np.column_stack([np.sqrt((turned * turned).sum(axis=1)), apart / deviations])

    def to_unit(found: Floats) -> Floats:
        unit = 1 / (1 + np.exp(-np.clip(1.7 * found, -40, 40)))
        unit[:, 0] = found[:, 0] / (found[:, 0] + np.sqrt(width))
        return unit

    names = ("distance", *(f"anchor {number}" for number in range(1, width + 1)))
    known = values(Columns(rows[len(fit) :], *[np.empty(0)] * 5))
    return Watched("embedding", "deviations from the reference", names, values, to_unit, known)


def _tokens(of: Columns) -> Floats:
    return of.tokens[:, None]


def _unknown(of: Columns) -> Floats:
    return of.unknown[:, None]


def _probabilities(of: Columns) -> Floats:
    return of.probabilities


def _confidence(of: Columns) -> Floats:
    highest: Floats = of.probabilities.max(axis=1, keepdims=True)
    return highest


def _asked(of: Columns) -> Floats:
    return of.asked[:, None]


def _same(found: Floats) -> Floats:
    return found


def _log(found: Floats) -> Floats:
    logarithm: Floats = np.log1p(found) / np.log1p(_LONGEST)
    return logarithm
