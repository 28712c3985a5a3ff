"""What a release says of documents that it was judged on: monitoring holds live predictions against them.

The packaged bundle predicts them, as a worker will: by the same graph (fp32 or int8), windows and tokenizer. So rows of
the reference and of predictions differ only as far as the documents do.
"""

from __future__ import annotations

import numpy as np
from google.protobuf import json_format

from towpath.model import Model
from towpath.pipelines.steps.examples import Examples
from towpath.v1 import Reference

__all__ = ["MAX_BYTES", "MAX_ROWS", "reference"]

MAX_ROWS = 1000
MAX_BYTES = 96 * 1024
"""Of its JSON. A message on `models` has the reference of its release and that of the one before, and must stay below
256 KiB. A thousand rows of three classes take two thirds of it; from some six classes on there are fewer rows."""


def reference(model: Model, judged: Examples, *, seed: int) -> Reference:
    """At most 1,000 of the `judged` documents, and no more than fit, sampled by `seed`.

    Raises:
        ValueError: as `Model.predict`.
    """
    rows = np.random.default_rng(seed).permutation(len(judged))[:MAX_ROWS]
    chosen = judged.take(rows)
    answers = model.predict(chosen.texts)
    told = [each.input for each in answers if each.input is not None]
    made = Reference(
        documents=len(told),
        sketches=np.array([each.sketch for each in told], dtype=np.int8).tobytes(),
        sketch_basis=0 if model.anchors is None else model.anchors.basis,
        tokens=[each.tokens for each in told],
        unknown_tokens=[each.unknown_tokens for each in told],
        classes=model.classes,
        probabilities=[each.probabilities[name] for each in answers for name in model.classes],
        truths=chosen.truth.tolist(),
    )
    while made.documents and (size := len(json_format.MessageToJson(made, indent=None))) > MAX_BYTES:
        made = _first(made, min(made.documents - 1, made.documents * MAX_BYTES // size))
    return made


def _first(made: Reference, count: int) -> Reference:
    """Its first `count` rows; empty where there are none."""
    if not count:
        return Reference()
    return Reference(
        documents=count,
        sketches=made.sketches[: count * (len(made.sketches) // made.documents)],
        sketch_basis=made.sketch_basis,
        tokens=made.tokens[:count],
        unknown_tokens=made.unknown_tokens[:count],
        classes=made.classes,
        probabilities=made.probabilities[: count * len(made.classes)],
        truths=made.truths[:count],
    )
