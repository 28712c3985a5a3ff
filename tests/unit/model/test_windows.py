"""Long documents: nothing of a text is left out unless the prediction says so, and short ones are as they were."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.model import BundleError, Model
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.reading import MAX_WINDOWS, Reader

CLASSES = ("negative", "neutral", "positive")
COSTS = {"matrix": {truth: {said: float(truth != said) for said in CLASSES} for truth in CLASSES}}
texts = st.lists(st.text("abcd efg!?.,üß漢🙂", max_size=40), min_size=1, max_size=4)


def build(folder: Path, long_documents: str) -> Path:
    objective = {"contract": {"costs": COSTS, "delivery": {"longDocuments": long_documents}}}
    return build_tiny_bundle(folder / "bundle", objective_json=json.dumps(objective))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(build(tmp_path_factory.mktemp("windows"), "windows"))


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(build(tmp_path_factory.mktemp("truncate"), "truncate"))


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return (build(tmp_path_factory.mktemp("tokens"), "truncate") / "tokenizer.json").read_bytes()


@settings(deadline=None)
@given(texts=texts)
def test_texts_that_fit_are_answered_as_without_windows(whole: Model, cut: Model, texts: list[str]) -> None:
    fitting = [text for text in texts if max(cut.lengths([text + "a b"])) < cut.manifest.max_tokens]
    for ours, theirs in zip(whole.predict(fitting), cut.predict(fitting), strict=True):
        assert ours == theirs
        assert (ours.windows, ours.truncated) == (0, False)


@given(words=st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=1500), max_tokens=st.integers(3, 64))
def test_windows_leave_out_nothing_unless_they_say_so(tokenizer: bytes, words: list[str], max_tokens: int) -> None:
    reader = Reader(tokenizer, max_tokens, windows=True)
    pieces = reader.read([" ".join(words)])
    assert all(len(each) <= max_tokens for each in pieces.ids)
    assert pieces.counts.tolist() == [len(pieces.ids)]
    assert len(pieces.ids) <= MAX_WINDOWS
    inner = [each[1:-1] for each in pieces.ids]
    joined = inner[0] + [token for window in inner[1:] for token in window[reader.overlap :]]
    everything = Reader(tokenizer, 10_000).read([" ".join(words)]).ids[0][1:-1]
    assert joined == everything[: len(joined)]
    assert bool(pieces.truncated[0]) == (len(joined) < len(everything))
    for before, after in pairwise(inner):
        assert before[len(before) - reader.overlap :] == after[: reader.overlap]


def test_the_end_of_a_long_text_counts_and_is_not_read_where_it_is_cut_off(whole: Model, cut: Model) -> None:
    start = "good " * 60
    ends = [start + "bad " * 60, start + "nice " * 60]
    assert cut.scores(ends).probabilities[0].tolist() == cut.scores(ends).probabilities[1].tolist()
    assert [each.truncated for each in cut.predict(ends)] == [True, True]
    read = whole.predict(ends)
    assert read[0].probabilities != read[1].probabilities
    assert all(not each.truncated and each.windows > 1 for each in read)


def test_probabilities_are_means_over_tokens_and_embeddings_of_unit_length(whole: Model) -> None:
    text = "abcdefg hijk " * 40
    pieces = whole._scorer.reader.read([text])
    probabilities, embeddings = whole._scorer._run(pieces)
    made, weights = whole.scores([text, "short"]), [len(each) for each in pieces.ids]
    np.testing.assert_allclose(made.probabilities[0], np.average(probabilities, axis=0, weights=weights), atol=1e-6)
    mean = np.average(embeddings, axis=0, weights=weights)
    np.testing.assert_allclose(made.embeddings[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(made.embeddings, axis=1), 1, atol=1e-5)


def test_a_text_beyond_all_windows_says_that_it_is_cut_off(whole: Model) -> None:
    (said,) = whole.predict(["a " * 10_000])
    assert (said.windows, said.truncated) == (MAX_WINDOWS, True)


def test_a_choice_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="longDocuments is 'guess'"):
        Model.load(build(tmp_path, "guess"))
