"""The model that a run has made so far, as it would be released: from the files that its stages left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.model.build import EncoderFolder, Head, merged
from towpath.model.manifest import Int8Choice
from towpath.model.reading import Reader
from towpath.model.scorer import Scorer
from towpath.pipelines.steps import train
from towpath.pipelines.work import Work

__all__ = ["graph_of", "int8_of", "model_of", "probabilities_of", "scorer_of"]


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


def scorer_of(work: Work, graph: bytes) -> Scorer:
    encoder = model_of(work)[0]
    tokenizer, most = (encoder.path / "tokenizer.json").read_bytes(), int(encoder.description["max_tokens"])
    return Scorer(graph, Reader(tokenizer, most, windows=work.windows), len(work.objective.classes))


def probabilities_of(work: Work, texts: list[str], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n, K): of what is released, to the rounding of floats."""
    picked = int8_of(work)
    if work.windows or (picked is not None and picked.chosen == "int8"):
        return scorer_of(work, graph_of(work)).scores(texts).probabilities.astype(np.float64)
    return train.probabilities(model_of(work)[1], work.arrays("embeddings")["embeddings"][rows])
