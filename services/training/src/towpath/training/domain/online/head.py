"""A head that goes on learning: softmax regression by stochastic gradient descent, one document at a time.

scikit-learn's MLPClassifier without a hidden layer is exactly that, and has `partial_fit`. Its SGDClassifier is not:
with log loss it fits one class against the rest, so it could not begin as the release's softmax. Without momentum and
regularisation, a step depends on nothing but the weights: they are all that there is to keep.

scikit-learn is imported by who learns: it takes seconds, which an installation without an online head never pays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["OnlineHead", "Weights"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """probabilities = softmax(embedding @ coef.T + intercept). coef (K, D), intercept (K,)."""

    coef: Floats
    intercept: Floats

    def probabilities(self, embedding: NDArray[np.float32]) -> Floats:
        """(K,) for an embedding (D,)."""
        logits = self.coef @ embedding.astype(np.float64) + self.intercept
        raised = np.exp(logits - logits.max())
        return np.asarray(raised / raised.sum())


class OnlineHead:
    """Begins as `weights`; `learning_rate` is the step."""

    def __init__(self, weights: Weights, learning_rate: float) -> None:
        from sklearn.neural_network import MLPClassifier

        classes, width = weights.coef.shape
        # batch_size and shuffle say that a step is one document, in the order they come.
        self._model = MLPClassifier(
            hidden_layer_sizes=(),
            solver="sgd",
            learning_rate="constant",
            learning_rate_init=learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=1,
            shuffle=False,
            random_state=0,
        )
        # The first call gives it its shapes; what it learned there is written over.
        self._model.partial_fit(np.zeros((1, width)), [0], classes=np.arange(classes))
        self._model.coefs_[0][...] = weights.coef.T
        self._model.intercepts_[0][...] = weights.intercept

    def learn(self, embedding: NDArray[np.float32], truth: int) -> None:
        """One step towards the class `truth` of a document with this embedding (D,)."""
        self._model.partial_fit(embedding.astype(np.float64)[None], [truth])

    @property
    def weights(self) -> Weights:
        """As they are now; later steps do not change them."""
        return Weights(self._model.coefs_[0].T.copy(), self._model.intercepts_[0].copy())
