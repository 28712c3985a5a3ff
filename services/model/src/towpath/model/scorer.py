"""Texts through a graph: tokenised, batched, run, and put together again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from towpath.model.batching import batches, feed, lanes
from towpath.model.bundle import BundleError
from towpath.model.decision import InputStats
from towpath.model.reading import Pieces, Reader
from towpath.model.sketch import Anchors, sketch

__all__ = ["Scorer", "Scores", "session"]

# ONNX Runtime's own exceptions have no common parent but Exception.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(each for each in vars(ort_state).values() if isinstance(each, type) and issubclass(each, Exception)),
)
# The fused kernel's loop over a token is not vectorised: a tenth of the time of a whole run more than its parts take.
_SLOWER_FUSIONS = ["SkipLayerNormFusion"]


@dataclass(frozen=True)
class Scores:
    """For n texts: `probabilities` (n, K) float32, `embeddings` (n, D) float32 of unit length, `truncated` (n,).

    `windows` (n,): over how many pieces of a text they are averaged; 0 where it was read in one. `tokens` (n,) and
    `unknown_tokens` (n,): of the whole texts, read or not; special ones are not counted.
    """

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    windows: NDArray[np.intp]
    tokens: NDArray[np.intp]
    unknown_tokens: NDArray[np.intp]

    def take(self, rows: Sequence[int]) -> Scores:
        """Those of some texts, in the order of `rows`."""
        chosen = list(rows)
        return Scores(**{name: values[chosen] for name, values in vars(self).items()})

    def inputs(self, anchors: Anchors | None = None) -> list[InputStats]:
        """What monitoring is told of each text, sketched by the bundle's anchors."""
        columns = sketch(self.embeddings, anchors).tolist(), self.tokens.tolist(), self.unknown_tokens.tolist()
        basis = 0 if anchors is None else anchors.basis
        return [InputStats(tuple(row), count, unknown, basis) for row, count, unknown in zip(*columns, strict=True)]


def session(graph: bytes, threads: int | None = None) -> ort.InferenceSession:
    """An ONNX Runtime session on the CPU; raises BundleError when the graph cannot be loaded."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Spinning threads take the cores from whoever shares them: Kafka's client, tokenizers, the other services.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_FUSIONS
        )
    except _RUNTIME_ERRORS as error:
        raise BundleError(f"model.onnx cannot be loaded: {str(error)[:300]}") from error


class Scorer:
    """A graph that takes token ids and gives probabilities of `classes` and an embedding. Threads may share it."""

    def __init__(
        self, graph: bytes, reader: Reader, classes: int, *, threads: int | None = None, side_by_side: bool = False
    ) -> None:
        """`side_by_side`: see `Model.load`.

        Raises:
            BundleError: the graph cannot be loaded, or is of another kind.
        """
        threads = threads or os.cpu_count() or 1
        self.reader = reader
        self._lanes = threads if side_by_side else 1
        self._session = session(graph, 1 if side_by_side else threads)
        self._others = ThreadPoolExecutor(self._lanes - 1, "inference") if self._lanes > 1 else None
        self._check(classes)

    def scores(self, texts: Sequence[str]) -> Scores:
        """Of each text, in their order; what is there twice is computed once.

        Raises:
            ValueError: the graph cannot run on them, or gave what is no probability (which texts is in `args[1]`).
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        made = self._scores(list(places))
        if len(places) < len(texts):
            made = made.take([places[text] for text in texts])
        bad = np.flatnonzero(~np.isfinite(made.probabilities).all(axis=1))
        if len(bad):
            raise ValueError(f"the model gave no finite probability for {len(bad)} texts", bad.tolist())
        return made

    def _scores(self, texts: Sequence[str]) -> Scores:
        pieces = self.reader.read(texts)
        probabilities, embeddings = self._run(pieces)
        return Scores(
            probabilities=pieces.averaged(probabilities),
            embeddings=pieces.averaged_embeddings(embeddings),
            truncated=pieces.truncated,
            windows=np.where(pieces.counts > 1, pieces.counts, 0),
            tokens=pieces.tokens,
            unknown_tokens=pieces.unknown,
        )

    def _run(self, pieces: Pieces) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        ids = pieces.ids
        probabilities = np.zeros((len(ids), self._widths[0]), dtype=np.float32)
        embeddings = np.zeros((len(ids), self._widths[1]), dtype=np.float32)
        waiting = deque(lanes(list(batches([len(each) for each in ids])), self._lanes))

        def work() -> None:
            while waiting:
                try:
                    batch = waiting.pop()  # the longest texts first: what is left at the end is short
                except IndexError:
                    return  # another lane was faster
                probabilities[batch], embeddings[batch] = self._run_batch([ids[index] for index in batch])

        others = [self._others.submit(work) for _ in range(min(self._lanes, len(waiting)) - 1)] if self._others else []
        try:
            work()
        finally:
            for each in others:
                each.result()
        return probabilities, embeddings

    def _run_batch(self, ids: Sequence[Sequence[int]]) -> Any:
        try:
            return self._session.run(["probabilities", "embedding"], feed(ids))
        except _RUNTIME_ERRORS as error:
            raise ValueError(f"the graph does not run on these {len(ids)} texts: {str(error)[:300]}") from error

    def _check(self, classes: int) -> None:
        inputs = {each.name for each in self._session.get_inputs()}
        outputs = {each.name: each.shape for each in self._session.get_outputs()}
        if inputs != {"input_ids", "attention_mask"} or not {"probabilities", "embedding"} <= set(outputs):
            raise BundleError(f"model.onnx takes {sorted(inputs)} and gives {sorted(outputs)}: not a Towpath graph")
        self._widths = (outputs["probabilities"][-1], outputs["embedding"][-1])
        if self._widths[0] != classes or not isinstance(self._widths[1], int):
            raise BundleError(f"model.onnx gives {self._widths[0]} classes, not {classes}")
