"""Sixteen bytes of an embedding: what they keep of it, and that they are the same wherever they are made."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.model.sketch import DIMENSIONS, SCALE, sketch

GOLDEN = "1017fd031a0ae31a0d0dd91714ececc5101dbbf61a0afd004e0dece90700f314bb3e170af903e3e6f9dfc50321ec2114"
GOLDEN_DIRECTIONS = "b5fa4db85da14dbf9c46f46a3fda99715d37eb479aabd0c52b716bb39ec19855"


def unit(random: np.random.Generator, rows: int, width: int) -> NDArray[np.float32]:
    made = random.normal(size=(rows, width))
    scaled: NDArray[np.float32] = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def golden(width: int) -> NDArray[np.float32]:
    """From integers: no random numbers and no sums of floats are needed to come to the same embeddings again."""
    signs = np.array([[1 if (row * column) % 7 < 3 else -1 for column in range(width)] for row in range(1, 4)])
    return (signs / np.float32(np.sqrt(width))).astype(np.float32)


def test_the_bytes_are_what_they_always_were() -> None:
    """On every machine and with every numpy: a reference in an old release is held against predictions of today."""
    assert sketch(golden(384)).tobytes().hex() == GOLDEN
    assert hashlib.sha256(sketch(np.eye(768, dtype=np.float32)).tobytes()).hexdigest() == GOLDEN_DIRECTIONS


@given(width=st.integers(1, 800), rows=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_a_sketch_is_its_embeddings_alone_whatever_is_beside_it(width: int, rows: int, seed: int) -> None:
    embeddings = unit(np.random.default_rng(seed), rows, width)
    made = sketch(embeddings)
    assert (made.shape, made.dtype) == ((rows, DIMENSIONS), np.int8)
    for row in range(rows):
        np.testing.assert_array_equal(sketch(embeddings[row : row + 1])[0], made[row])
    np.testing.assert_array_equal(sketch(np.asfortranarray(embeddings[::-1])), made[::-1])
    np.testing.assert_array_equal(sketch(-embeddings), -made)  # symmetric: no -128


@pytest.mark.parametrize("width", [32, 384, 1024])
def test_distances_are_kept_as_johnson_and_lindenstrauss_say(width: int) -> None:
    """Squared distances: right in the mean, with a relative deviation of sqrt(2/16).

    Embeddings with a mean direction, as those of texts have. Of 4,000 pairs; bounds are 5 standard errors, and for the
    tails those of chi-squared with 16 degrees of freedom (0.3 % beyond each), tripled.
    """
    random = np.random.default_rng(width)
    ratios = []
    for _ in range(4000 // 20):
        # Directions are fixed, so the randomness is the embeddings': another rotation each time.
        common = unit(random, 1, width)
        near = 0.4 * common + unit(random, 40, width)
        near = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
        made = sketch(near).astype(np.float64) / (SCALE * np.sqrt(DIMENSIONS))
        kept = ((made[:20] - made[20:]) ** 2).sum(axis=1)
        ratios += (kept / ((near[:20].astype(np.float64) - near[20:]) ** 2).sum(axis=1)).tolist()
    deviation = np.sqrt(2 / DIMENSIONS)
    assert abs(np.mean(ratios) - 1) < 5 * deviation / np.sqrt(len(ratios))
    assert np.std(ratios) == pytest.approx(deviation, rel=0.1)
    assert np.mean(np.asarray(ratios) < 4.8 / 16) < 0.009
    assert np.mean(np.asarray(ratios) > 36.0 / 16) < 0.009


@pytest.mark.parametrize("width", [32, 384])
def test_a_byte_is_used_and_seldom_full(width: int) -> None:
    """A coordinate's standard deviation is 32, so 127 is 4 of them: 12 of 160,000, and at most 30 (5 sigma)."""
    made = sketch(unit(np.random.default_rng(1), 10_000, width)).astype(np.int64)
    assert made.std() == pytest.approx(SCALE, rel=0.02)
    assert (np.abs(made) == 127).sum() <= 30


def test_what_is_no_embedding_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\): \(n, D\) was wanted"):
        sketch(np.zeros(3, dtype=np.float32))
    with pytest.raises(ValueError, match="was wanted"):
        sketch(np.zeros((3, 0), dtype=np.float32))
    bad = np.zeros((3, 4), dtype=np.float32)
    bad[1, 2], bad[2, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match="2 texts are not finite") as refused:
        sketch(bad)
    assert refused.value.args[1] == [1, 2]
