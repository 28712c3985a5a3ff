"""The model that a run has made so far, as it would be released: from the files that its stages left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.model.batching import batches, feed
from towpath.model.build import EncoderFolder, Head, merged, quantised, smoothed
from towpath.model.manifest import Int8Choice
from towpath.model.reading import Reader
from towpath.model.scorer import Scorer
from towpath.pipelines.steps import train
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.work import Work

__all__ = ["answers_of", "graph_of", "int8_of", "model_of", "probabilities_of", "scorer_of", "small_graph_of"]

# Texts that show which columns of activations are large; the paper takes 512.
_SAMPLE = 256


def model_of(work: Work) -> tuple[EncoderFolder, Head]:
    arrays = work.arrays("head")
    return EncoderFolder(Path(work.read("encoder")["path"])), Head(arrays["coef"], arrays["intercept"])


def int8_of(work: Work) -> Int8Choice | None:
    if work.objective.contract.delivery.int8 is None or not (work.folder / "int8.json").exists():
        return None
    return Int8Choice.model_validate(work.read("int8"))


def graph_of(work: Work) -> bytes:
    """What is released if the gate passes."""
    picked = int8_of(work)
    if picked is not None and picked.chosen == "int8":
        return (work.folder / "int8.onnx").read_bytes()
    return merged(*model_of(work))


def small_graph_of(work: Work, graph: bytes) -> bytes:
    """`graph` in int8, smoothed on texts that the head was trained on."""
    texts = work.examples().take(work.arrays("split")["train"][:_SAMPLE]).texts
    ids = _reader(work).read(texts).ids
    sample = (feed([ids[index] for index in batch]) for batch in batches([len(each) for each in ids]))
    return quantised(smoothed(graph, sample))


def scorer_of(work: Work, graph: bytes) -> Scorer:
    return Scorer(graph, _reader(work), len(work.objective.classes))


def probabilities_of(work: Work, texts: list[str], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n, K): of what is released, to the rounding of floats."""
    if _by_graph(work):
        return scorer_of(work, graph_of(work)).scores(texts).probabilities.astype(np.float64)
    return train.probabilities(model_of(work)[1], work.arrays("embeddings")["embeddings"][rows])


def answers_of(work: Work, texts: Sequence[str]) -> NDArray[np.float64]:
    """(n, K): the same of texts that are no documents. They are embedded once, for whatever run asks them again."""
    if _by_graph(work):
        return scorer_of(work, graph_of(work)).scores(texts).probabilities.astype(np.float64)
    encoder, head = model_of(work)
    return train.probabilities(head, embed(list(texts), encoder, work.home / "cache"))


def _by_graph(work: Work) -> bool:
    picked = int8_of(work)
    return work.windows or (picked is not None and picked.chosen == "int8")


def _reader(work: Work) -> Reader:
    encoder = model_of(work)[0]
    tokenizer, most = (encoder.path / "tokenizer.json").read_bytes(), int(encoder.description["max_tokens"])
    return Reader(tokenizer, most, windows=work.windows)
