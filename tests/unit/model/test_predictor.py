"""Predicting: the reference's embeddings, the same answer in any company, nothing heavy imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.core.objective import Costs
from towpath.model import Model
from towpath.model.batching import batches
from towpath.model.build import Encoder, EncoderFolder
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.decision import DecisionRule

words = st.text("abcdefg hijk!?.,üß漢🙂", max_size=80)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


def test_fp32_embeddings_agree_with_the_reference(minilm: EncoderFolder) -> None:
    with np.load(Path(__file__).parent / "data" / "minilm.npz") as reference:
        texts, wanted = [str(text) for text in reference["texts"]], reference["embeddings"]
    made = Encoder(minilm).embed(texts)
    assert np.abs(made - wanted).max() < 1e-4


@settings(deadline=None)
@given(texts=st.lists(words, min_size=1, max_size=12), seed=st.randoms(use_true_random=False))
def test_a_texts_answer_does_not_depend_on_its_company(model: Model, texts: list[str], seed: object) -> None:
    together = model.scores(texts)
    alone = [model.scores([text]) for text in texts]
    for row, single in enumerate(alone):
        np.testing.assert_allclose(together.probabilities[row], single.probabilities[0], atol=1e-5)
        np.testing.assert_allclose(together.embeddings[row], single.embeddings[0], atol=1e-5)
        assert together.truncated[row] == single.truncated[0]
    np.testing.assert_allclose(together.probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_text_that_was_cut_off_says_so(model: Model) -> None:
    assert model.scores(["short", "long " * 200]).truncated.tolist() == [False, True]
    assert max(model.lengths(["long " * 200])) == model.manifest.max_tokens


@given(
    lengths=st.lists(st.integers(1, 300), max_size=200),
    max_tokens=st.integers(1, 2000),
    max_texts=st.integers(1, 50),
)
def test_batches_hold_everything_once_and_are_bounded(lengths: list[int], max_tokens: int, max_texts: int) -> None:
    made = list(batches(lengths, max_tokens=max_tokens, max_texts=max_texts))
    assert sorted(index for batch in made for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= max_texts for batch in made)
    assert all(len(b) == 1 or len(b) * max(lengths[i] for i in b) <= max_tokens for b in made)
    order = [lengths[index] for batch in made for index in batch]
    assert order == sorted(order)


@given(lengths=st.lists(st.integers(1, 300), min_size=1, max_size=60))
def test_no_more_is_computed_than_by_filling_batches_up(lengths: list[int]) -> None:
    def cost(sizes: list[list[int]]) -> int:
        return sum(len(each) * max(each) + 24 for each in sizes)

    filled: list[list[int]] = [[]]
    for length in sorted(lengths):
        if filled[-1] and (len(filled[-1]) == 32 or (len(filled[-1]) + 1) * length > 512):
            filled.append([])
        filled[-1].append(length)
    assert cost([[lengths[index] for index in batch] for batch in batches(lengths)]) <= cost(filled)


def test_a_long_text_does_not_make_short_ones_long() -> None:
    assert [len(batch) for batch in batches([10, 250, 12])] == [2, 1]


@given(data=st.data(), ask=st.none() | st.floats(0, 3))
def test_an_embedded_model_decides_as_the_objective_does(data: st.DataObject, ask: float | None) -> None:
    size = data.draw(st.integers(2, 5))
    row = st.lists(st.floats(0, 10), min_size=size, max_size=size)
    matrix = np.array(data.draw(st.lists(row, min_size=size, max_size=size)))
    shares = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size)))
    probabilities = (shares / shares.sum())[None, :]
    rule = DecisionRule(tuple(map(str, range(size))), matrix, ask)
    said = rule.decide(probabilities.astype(np.float64), np.zeros(1, dtype=bool))[0]  # type: ignore[arg-type]
    wanted = Costs(matrix, ask).decide(probabilities)
    assert said.label == str(wanted.labels[0])
    assert (said.decision == "ask-person") == bool(wanted.ask[0])
    assert said.expected_cost == pytest.approx(wanted.expected_cost[0])


def test_embedding_a_model_imports_no_service_and_no_torch(tmp_path: Path) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    program = (
        "import sys; from towpath.model import Model; print(Model.load(sys.argv[1]).predict(['hello'])[0].label);"
        "heavy = {'kafka', 'fastapi', 'kserve', 'torch', 'transformers', 'onnx', 'sklearn'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program, bundle], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("negative", "neutral", "positive")


def test_what_is_there_twice_is_answered_in_its_place(model: Model) -> None:
    texts = ["b", "a", "b", "c", "a", "b"]
    made = model.predict(texts)
    assert [each.probabilities for each in made] == [model.predict([text])[0].probabilities for text in texts]


def test_no_texts_give_no_predictions(model: Model) -> None:
    assert model.predict([]) == []
