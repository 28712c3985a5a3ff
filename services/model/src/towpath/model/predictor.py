"""`Model.load(path).predict(["…"])`: a bundle in this process, with no service running."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state
from tokenizers import Tokenizer

from towpath.model.batching import batches
from towpath.model.bundle import Bundle, BundleError, read_bundle, release_id_of
from towpath.model.decision import DecisionRule, Prediction
from towpath.model.manifest import Manifest

__all__ = ["Model", "Scores", "encode", "session"]

# A batch of 64 tweets; above it, speed does not grow and memory does.
_MAX_BATCH_TOKENS = 4096
_MAX_BATCH_TEXTS = 64
# ONNX Runtime's own exceptions have no common parent but Exception.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(each for each in vars(ort_state).values() if isinstance(each, type) and issubclass(each, Exception)),
)


@dataclass(frozen=True)
class Scores:
    """For n texts: `probabilities` (n, K) float32, `embeddings` (n, D) float32 of unit length, `truncated` (n,)."""

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    truncated: NDArray[np.bool_]


def session(graph: bytes, threads: int | None = None) -> ort.InferenceSession:
    """An ONNX Runtime session on the CPU; raises BundleError when the graph cannot be loaded."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Spinning threads take the cores from whoever shares them: Kafka's client, the other services.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except _RUNTIME_ERRORS as error:
        raise BundleError(f"model.onnx cannot be loaded: {str(error)[:300]}") from error


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Token ids of each text, and which texts were cut off."""
    encodings = tokenizer.encode_batch(list(texts))
    return [each.ids for each in encodings], np.array([bool(each.overflowing) for each in encodings], dtype=np.bool_)


class Model:
    """A bundle ready to predict. Threads may share it."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        self.manifest: Manifest = bundle.manifest
        self.sha256 = bundle.sha256
        self.release_id = release_id_of(bundle.sha256)
        self.classes = bundle.manifest.classes
        try:
            self.objective_json = bundle.files["objective.json"].decode("utf-8")
            self._rule = DecisionRule.from_objective(self.objective_json, self.classes)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise BundleError(f"objective.json cannot be used: {error!r}") from error
        self._tokenizer = _tokenizer(bundle.files["tokenizer.json"], self.manifest.max_tokens)
        self._session = session(bundle.files["model.onnx"], threads)
        self._check_signature()

    @classmethod
    def load(cls, path: Path | str, *, sha256: str | None = None, threads: int | None = None) -> Model:
        """Verify the bundle folder and load it.

        Args:
            sha256: of the manifest, where a release says it.
            threads: for inference; all cores unless given.

        Raises:
            BundleError: the folder is not a bundle, was changed, or is of an unknown version; says which.
        """
        return cls(read_bundle(path, sha256=sha256), threads=threads)

    def scores(self, texts: Sequence[str]) -> Scores:
        """Probabilities and embeddings, in the order of `texts`.

        Raises:
            ValueError: the graph cannot run on them, or gave what is no probability (which texts is in `args[1]`).
        """
        ids, truncated = encode(self._tokenizer, texts)
        width = self.manifest.outputs[1].shape[-1]
        probabilities = np.zeros((len(ids), len(self.classes)), dtype=np.float32)
        embeddings = np.zeros((len(ids), width), dtype=np.float32)
        lengths = [len(each) for each in ids]
        for batch in batches(lengths, max_tokens=_MAX_BATCH_TOKENS, max_texts=_MAX_BATCH_TEXTS):
            probabilities[batch], embeddings[batch] = self._run([ids[index] for index in batch])
        bad = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
        if len(bad):
            raise ValueError(f"the model gave no finite probability for {len(bad)} texts", bad.tolist())
        return Scores(probabilities, embeddings, truncated)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """What to do about each text, by the costs of the bundle's objective."""
        scores = self.scores(texts)
        return self._rule.decide(scores.probabilities, scores.truncated)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones included, at most `manifest.max_tokens`."""
        return [len(each) for each in encode(self._tokenizer, texts)[0]]

    def _run(self, ids: Sequence[Sequence[int]]) -> Any:
        feed = {"input_ids": padded(ids), "attention_mask": padded([[1] * len(each) for each in ids])}
        try:
            return self._session.run(["probabilities", "embedding"], feed)
        except _RUNTIME_ERRORS as error:
            raise ValueError(f"the graph does not run on these {len(ids)} texts: {str(error)[:300]}") from error

    def _check_signature(self) -> None:
        inputs = {each.name for each in self._session.get_inputs()}
        outputs = {each.name: each.shape for each in self._session.get_outputs()}
        if inputs != {"input_ids", "attention_mask"} or not {"probabilities", "embedding"} <= set(outputs):
            raise BundleError(f"model.onnx takes {sorted(inputs)} and gives {sorted(outputs)}: not a Towpath graph")
        if outputs["probabilities"][-1] != len(self.classes):
            raise BundleError(f"model.onnx gives {outputs['probabilities'][-1]} classes, not {len(self.classes)}")


def _tokenizer(data: bytes, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(data.decode("utf-8"))
    except Exception as error:
        # The library raises Exception itself for whatever it does not like.
        raise BundleError(f"tokenizer.json cannot be used: {str(error)[:300]}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def padded(ids: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(n, longest) with zeros on the right."""
    out = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
    for row, each in enumerate(ids):
        out[row, : len(each)] = each
    return out
