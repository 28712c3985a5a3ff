"""The graph in int8: near fp32, a text alone or in company alike, the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from towpath.model import Manifest, Model
from towpath.model.batching import feed
from towpath.model.build import EncoderFolder, Head, merged, quantised, smoothed, write_bundle
from towpath.model.build.tiny import build_tiny_bundle, build_tiny_encoder
from towpath.model.manifest import Int8Choice, Lineage
from towpath.model.reading import Reader
from towpath.model.scorer import Scorer

TEXTS = ["Great service!", "two weeks late", "ok", "the parcel came, " * 12, "", "no"]
SAMPLE = ["Thanks a lot!", "Never again: it broke on the second day.", "where is my order?", "so so", "LOVE it"]
CLASSES = ("negative", "neutral", "positive")


@pytest.fixture(scope="module")
def scorers(minilm: EncoderFolder) -> tuple[Scorer, Scorer]:
    random = np.random.default_rng(0)
    graph = merged(minilm, Head(random.normal(0, 4, (3, 384)), np.zeros(3)))
    reader = Reader((minilm.path / "tokenizer.json").read_bytes(), 256)
    small = quantised(smoothed(graph, [feed(reader.read(SAMPLE).ids)]))
    return Scorer(graph, reader, 3), Scorer(small, reader, 3)


def test_embeddings_in_int8_point_where_those_in_fp32_do(scorers: tuple[Scorer, Scorer]) -> None:
    wanted, made = (each.scores(TEXTS).embeddings for each in scorers)
    assert (wanted * made).sum(axis=1).min() > 0.98


def test_a_texts_answer_in_int8_does_not_depend_on_its_company(scorers: tuple[Scorer, Scorer]) -> None:
    together = scorers[1].scores(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = scorers[1].scores([text])
        np.testing.assert_allclose(together.embeddings[row], alone.embeddings[0], atol=1e-4)
        np.testing.assert_allclose(together.probabilities[row], alone.probabilities[0], atol=1e-4)


def test_smoothing_changes_no_answer_in_fp32_and_the_same_sample_gives_the_same_bytes(tmp_path: Path) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    graph, reader = (bundle / "model.onnx").read_bytes(), Reader((bundle / "tokenizer.json").read_bytes(), 64)
    sample = [feed(reader.read(SAMPLE).ids)]
    made = smoothed(graph, sample)
    assert made == smoothed(graph, sample) != graph
    before, after = (Scorer(each, reader, 3).scores(TEXTS) for each in (graph, made))
    np.testing.assert_allclose(after.embeddings, before.embeddings, atol=1e-6)
    with pytest.raises(ValueError, match="sample is empty"):
        smoothed(graph, [])


def test_the_same_graph_gives_the_same_smaller_bytes(tmp_path: Path) -> None:
    graph = (build_tiny_bundle(tmp_path / "bundle") / "model.onnx").read_bytes()
    assert quantised(graph) == quantised(graph)
    assert len(quantised(graph)) < len(graph) + 20_000
    with pytest.raises(ValueError, match="nothing to quantise"):
        quantised(quantised(graph))


def test_a_bundle_says_why_it_is_in_int8_and_old_ones_say_nothing(tmp_path: Path) -> None:
    encoder, head = build_tiny_encoder(tmp_path / "encoder"), Head(np.ones((3, 32)), np.zeros(3))
    choice = Int8Choice(
        chosen="int8", explanation="faster", documents=400, fp32_cost=0.1, int8_cost=0.1, upper=0.001, margin=0.005,
        confidence=0.95, speed=2.0,
    )  # fmt: skip
    said = json.loads((build_tiny_bundle(tmp_path / "tiny") / "objective.json").read_text())
    folder = write_bundle(
        tmp_path / "bundle",
        name="n",
        encoder=encoder,
        head=head,
        classes=CLASSES,
        objective_json=json.dumps(said),
        lineage=Lineage(),
        graph=quantised(merged(encoder, head)),
        int8=choice,
    )
    model = Model.load(folder)
    assert model.manifest.int8 == choice
    assert len(model.predict(TEXTS)) == len(TEXTS)
    old = (tmp_path / "tiny" / "manifest.json").read_bytes()
    assert b"int8" not in old
    assert Manifest.model_validate_json(old).int8 is None
