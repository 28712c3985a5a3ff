"""Anchors of sketches: nearer is more, the bytes are the same wherever they are made, and a bundle carries them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.model import BundleError, Model
from towpath.model.build import fitted_anchors
from towpath.model.build.bundle import write_files
from towpath.model.build.rehead import head_of, rehead
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.bundle import Bundle, read_bundle
from towpath.model.manifest import FileEntry
from towpath.model.sketch import FILE, Anchors, sketch

GOLDEN = "407e19"
GOLDEN_BASIS = 0x62A153C8
Doubles = NDArray[np.float64]


def unit(random: np.random.Generator, rows: int, width: int, towards: float = 0.0) -> NDArray[np.float32]:
    made = random.normal(size=(rows, width))
    made[:, 0] += towards * np.sqrt(width)
    scaled: NDArray[np.float32] = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def anchors(seed: int = 0, width: int = 32) -> Anchors:
    data = fitted_anchors(unit(np.random.default_rng(seed), 400, width, 0.3), seed=0)
    assert data is not None
    return Anchors.read(data)


def test_texts_like_those_learned_from_are_in_the_middle_and_others_are_not() -> None:
    random, found = np.random.default_rng(1), anchors()
    like = sketch(unit(random, 2000, 32, 0.3), found).astype(float)
    other = sketch(unit(random, 2000, 32), found).astype(float)
    assert abs(like[:, 0].mean()) < 5
    assert like[:, 0].std() == pytest.approx(127 / 4.5, rel=0.1)
    # The first is the mean of all, so who does not lean its way is below.
    assert other[:, 0].mean() < -20
    assert like.shape[1] == 12


@given(width=st.integers(2, 400), rows=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_a_sketch_is_its_embedding_alone_whatever_is_beside_it(width: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    entries = random.integers(-127, 128, (3, width)).astype(np.int8)
    entries[:, 0] = 127
    found = Anchors.read(Anchors.written(entries, random.normal(0, 0.1, 3), random.uniform(0.01, 0.2, 3)))
    embeddings = unit(random, rows, width)
    made = sketch(embeddings, found)
    for row in range(rows):
        np.testing.assert_array_equal(sketch(embeddings[row : row + 1], found)[0], made[row])
    np.testing.assert_array_equal(sketch(np.asfortranarray(embeddings[::-1]), found), made[::-1])


def test_the_bytes_are_what_they_always_were() -> None:
    entries = np.array([[127, 3, -5], [1, 1, 1], [-9, 100, 0]], dtype=np.int8)
    found = Anchors.read(Anchors.written(entries, np.array([0.0, 0.25, -0.5]), np.array([0.25, 0.125, 0.5])))
    assert sketch(np.array([[0.6, 0.0, 0.8]], dtype=np.float32), found).tobytes().hex() == GOLDEN
    assert found.basis == GOLDEN_BASIS


def test_anchors_follow_from_the_texts_and_too_few_have_none() -> None:
    rows = unit(np.random.default_rng(2), 60, 16, 0.5)
    assert fitted_anchors(rows, seed=0) == fitted_anchors(rows, seed=0) != fitted_anchors(rows[:59], seed=0)
    assert fitted_anchors(rows[:49], seed=0) is None
    # Texts that are all alike have an anchor each way they differ: none, and that is no crash.
    same = fitted_anchors(np.repeat(rows[:1], 60, axis=0), seed=0)
    assert same is not None
    assert np.isfinite(sketch(rows, Anchors.read(same))).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "towpath-anchors/9"}, "unknown format"),
        ({"entries": [[1, 2], [3]]}, "inhomogeneous"),
        ({"entries": [[0, 0]]}, "or is 0"),
        ({"entries": [[0.5, 1]]}, "whole numbers"),
        ({"entries": [[300, 1]]}, "whole numbers"),
        ({"entries": [[None, 1]]}, "whole numbers"),
        ({"entries": []}, "do not fit"),
        ({"centres": [0, 0]}, "do not fit"),
        ({"spreads": [0]}, "above 0"),
        ({"spreads": ["a"]}, "could not convert"),
        ({"centres": None}, "do not fit"),
    ],
)
def test_what_is_no_anchors_is_refused(change: dict[str, object], why: str) -> None:
    good = {"format": "towpath-anchors/1", "entries": [[1, 2]], "centres": [0], "spreads": [1]}
    Anchors.read(json.dumps(good).encode())
    with pytest.raises(ValueError, match=why):
        Anchors.read(json.dumps(good | change).encode())
    for data in (b"", b"[]", b"\xff", b"{}"):
        with pytest.raises(ValueError, match=r"\S"):
            Anchors.read(data)


def anchored(bundle: Bundle, out: Path, data: bytes) -> Path:
    """The bundle with that file."""
    entry = FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    manifest = bundle.manifest.model_copy(update={"files": {**bundle.manifest.files, FILE: entry}})
    told = manifest.model_dump_json(indent=1, exclude_none=True).encode()
    return write_files(out, {**bundle.files, FILE: data, "manifest.json": told})


def test_a_bundle_sketches_by_its_anchors_and_one_with_another_head_by_the_same(tmp_path: Path) -> None:
    plain = read_bundle(build_tiny_bundle(tmp_path / "tiny"))
    texts = [f"a text {n} {'x' * (n % 9)}" for n in range(80)]
    embeddings = Model(plain).scores(texts).embeddings
    data = fitted_anchors(embeddings, seed=0)
    assert data is not None
    folder = anchored(plain, tmp_path / "anchored", data)
    again = rehead(read_bundle(folder), tmp_path / "again", head_of(plain))
    for each in (folder, again):
        told = [answer.input for answer in Model.load(each).predict(texts) if answer.input is not None]
        np.testing.assert_array_equal([one.sketch for one in told], sketch(embeddings, Anchors.read(data)))
        assert {one.sketch_basis for one in told} == {Anchors.read(data).basis}
    untold = Model(plain).predict(texts[:1])[0].input
    assert untold is not None
    assert untold.sketch_basis == 0


def test_a_bundle_with_other_anchors_than_its_encoder_has_is_refused(tmp_path: Path) -> None:
    plain = read_bundle(build_tiny_bundle(tmp_path / "tiny"))
    wide = Anchors.written(np.ones((1, 7), dtype=np.int8), np.zeros(1), np.ones(1))
    with pytest.raises(BundleError, match=r"anchors of 7 numbers, embeddings \d+"):
        Model.load(anchored(plain, tmp_path / "wide", wide))
    with pytest.raises(BundleError, match=r"anchors\.json cannot be used"):
        Model.load(anchored(plain, tmp_path / "broken", b"{}"))
