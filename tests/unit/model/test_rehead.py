"""The same encoder with another head is a bundle like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from towpath.model import Model, manifest_sha256
from towpath.model.build import Head, quantised
from towpath.model.build.rehead import head_of, rehead
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.bundle import Bundle, read_bundle

TEXTS = ["a text", "another one", "!"]


def test_a_head_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    bundle = read_bundle(build_tiny_bundle(tmp_path / "a"))
    head = head_of(bundle)
    other = Head(head.coef[::-1].copy(), head.intercept[::-1].copy())
    made = rehead(bundle, tmp_path / "b", other, metrics={"online_feedback": 3.0})
    old, new = Model(bundle).scores(TEXTS), Model.load(made).scores(TEXTS)
    np.testing.assert_array_equal(old.embeddings, new.embeddings)
    np.testing.assert_allclose(new.probabilities, old.probabilities[:, ::-1], atol=1e-6)
    manifest = read_bundle(made).manifest
    assert manifest.lineage == bundle.manifest.lineage
    assert manifest.metrics == {**bundle.manifest.metrics, "online_feedback": 3.0}


def test_the_same_head_gives_the_same_release(tmp_path: Path) -> None:
    bundle = read_bundle(build_tiny_bundle(tmp_path / "a"))
    made = [manifest_sha256(rehead(bundle, tmp_path / name, head_of(bundle))) for name in ("b", "c")]
    assert made == [bundle.sha256, bundle.sha256]


@pytest.mark.parametrize(
    ("coef", "intercept", "what"),
    [(np.zeros((2, 32)), np.zeros(2), "the bundle's is"), (np.full((3, 32), np.nan), np.zeros(3), "not finite")],
)
def test_a_head_that_does_not_fit_is_refused(
    tmp_path: Path, coef: np.ndarray, intercept: np.ndarray, what: str
) -> None:
    bundle = read_bundle(build_tiny_bundle(tmp_path / "a"))
    with pytest.raises(ValueError, match=what):
        rehead(bundle, tmp_path / "b", Head(coef, intercept))
    assert not (tmp_path / "b").exists()


def test_an_encoder_in_int8_has_a_head_that_can_learn_too(tmp_path: Path) -> None:
    bundle = read_bundle(build_tiny_bundle(tmp_path / "a"))
    small = Bundle(
        bundle.manifest, bundle.sha256, {**bundle.files, "model.onnx": quantised(bundle.files["model.onnx"])}
    )
    np.testing.assert_array_equal(head_of(small).coef, head_of(bundle).coef)
