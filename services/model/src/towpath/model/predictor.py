"""`Model.load(path).predict(["…"])`: a bundle in this process, with no service running."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from towpath.model.batching import batches, padded
from towpath.model.bundle import Bundle, BundleError, read_bundle, release_id_of
from towpath.model.decision import DecisionRule, Prediction
from towpath.model.manifest import Manifest
from towpath.model.reading import Reader, encode, wants_windows
from towpath.model.scorer import Scorer, Scores, session
from towpath.model.sketch import FILE, Anchors

__all__ = ["Model", "Scores", "batches", "encode", "padded", "session"]


class Model:
    """A bundle ready to predict. Threads may share it."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None, side_by_side: bool = False) -> None:
        self.manifest: Manifest = bundle.manifest
        self.sha256 = bundle.sha256
        self.release_id = release_id_of(bundle.sha256)
        self.classes = bundle.manifest.classes
        try:
            self.objective_json = bundle.files["objective.json"].decode("utf-8")
            self._rule = DecisionRule.from_objective(self.objective_json, self.classes)
            windows = wants_windows(self.objective_json)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise BundleError(f"objective.json cannot be used: {error!r}") from error
        self.anchors = _anchors(bundle)
        reader = Reader(bundle.files["tokenizer.json"], self.manifest.max_tokens, windows=windows)
        graph, classes = bundle.files["model.onnx"], len(self.classes)
        self._scorer = Scorer(graph, reader, classes, threads=threads, side_by_side=side_by_side)

    @classmethod
    def load(
        cls, path: Path | str, *, sha256: str | None = None, threads: int | None = None, side_by_side: bool = False
    ) -> Model:
        """Verify the bundle folder and load it.

        Args:
            sha256: of the manifest, where a release says it.
            threads: for inference; all cores unless given.
            side_by_side: each thread runs batches of its own, rather than all of them a batch together. Many texts on
                cores that others use, too, are faster so, for no thread waits for another; a single text is slower.

        Raises:
            BundleError: the folder is not a bundle, was changed, or is of an unknown version; says which.
        """
        return cls(read_bundle(path, sha256=sha256), threads=threads, side_by_side=side_by_side)

    def scores(self, texts: Sequence[str]) -> Scores:
        """Probabilities and embeddings, in the order of `texts`.

        Raises:
            ValueError: the graph cannot run on them, or gave what is no probability (which texts is in `args[1]`).
        """
        return self._scorer.scores(texts)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """What to do about each text, by the costs of the bundle's objective. Raises ValueError as `scores` does."""
        scores = self.scores(texts)
        return self._rule.decide(scores.probabilities, scores.truncated, scores.windows, scores.inputs(self.anchors))

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones included, at most `manifest.max_tokens`."""
        return [len(each) for each in encode(self._scorer.reader.tokenizer, texts)[0]]


def _anchors(bundle: Bundle) -> Anchors | None:
    """None of a bundle that has none. Raises BundleError where they are not as wide as its embeddings, or are none."""
    if FILE not in bundle.files:
        return None
    try:
        found = Anchors.read(bundle.files[FILE])
    except ValueError as error:
        raise BundleError(f"{FILE} cannot be used: {error}") from error
    widths = {each.name: each.shape[-1] for each in bundle.manifest.outputs}
    if found.entries.shape[1] != widths.get("embedding"):
        raise BundleError(
            f"{FILE} has anchors of {found.entries.shape[1]} numbers, embeddings {widths.get('embedding')}"
        )
    return found
