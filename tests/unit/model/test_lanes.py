"""Batches that run side by side give what they give one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.model import Model
from towpath.model.batching import batches, lanes
from towpath.model.build.tiny import build_tiny_bundle


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 5))
def test_lanes_have_each_text_once_and_are_as_many_as_there_can_be(lengths: list[int], count: int) -> None:
    cut = lanes(list(batches(lengths)), count)
    assert sorted(index for each in cut for index in each) == list(range(len(lengths)))
    assert len(cut) >= min(count, len(lengths))
    assert all(cut)


def test_side_by_side_predicts_the_same(tmp_path: Path) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    texts = [f"text number {n} " * (1 + n % 9) for n in range(150)]
    one, other = Model.load(bundle, threads=1), Model.load(bundle, threads=3, side_by_side=True)
    for some in (texts, texts[:2], texts[:1], []):
        expected, found = one.scores(some), other.scores(some)
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
        np.testing.assert_allclose(found.embeddings, expected.embeddings, atol=1e-6)


def test_what_a_lane_raises_is_raised(tmp_path: Path) -> None:
    model = Model.load(build_tiny_bundle(tmp_path / "bundle"), threads=2, side_by_side=True)
    scorer, real, calls = model._scorer, model._scorer._run_batch, iter(range(1000))

    def second_fails(ids: Sequence[Sequence[int]]) -> object:
        if next(calls) == 1:
            raise ValueError("the graph does not run on these")
        return real(ids)

    scorer._run_batch = second_fails  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="does not run"):
        model.predict([f"text {n}" for n in range(100)])
