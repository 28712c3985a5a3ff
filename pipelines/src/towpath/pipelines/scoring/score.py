"""The scoring function: documents in, one prediction each out. The same for a file, a batch, Kubeflow and Dask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from towpath.core.ids import prediction_id
from towpath.model import Prediction

__all__ = ["CHUNK", "DOCUMENTS", "Scored", "Scorer", "predictions_schema", "score"]

# Texts that the model gets at once. Always the same ones together, wherever shards end: what stands beside a text in
# a batch may change the last bit of its probabilities.
CHUNK = 1024

DOCUMENTS = pa.schema(
    [("document_id", pa.string()), ("text", pa.string()), ("file", pa.string()), ("line", pa.int64())]
)


class Scorer(Protocol):
    """What scoring needs of `towpath.model.Model`."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def release_id(self) -> str: ...

    def predict(self, texts: Sequence[str]) -> list[Prediction]: ...


@dataclass(frozen=True)
class Scored:
    """`table` has a row for each document that the model took, in their order; `refused` the others' index and why."""

    table: pa.Table
    refused: list[tuple[int, str]]


def predictions_schema(classes: Sequence[str]) -> pa.Schema:
    """Columns of the output. `probabilities` has a field a class, which Parquet stores as a column of its own."""
    return pa.schema(
        [
            ("document_id", pa.string()),
            ("prediction_id", pa.string()),
            ("release_id", pa.string()),
            ("label", pa.string()),
            ("decision", pa.string()),
            ("expected_cost", pa.float64()),
            ("probabilities", pa.struct([(name, pa.float32()) for name in classes])),
            ("truncated", pa.bool_()),
            ("windows", pa.int32()),
        ]
    )


def score(model: Scorer, documents: pa.Table) -> Scored:
    """Predict each document.

    Args:
        documents: columns `document_id` and `text`; others are passed over.
    """
    ids, texts = documents["document_id"].to_pylist(), documents["text"].to_pylist()
    columns: list[list[object]] = [[] for _ in range(9)]
    refused: list[tuple[int, str]] = []
    for index, answer in enumerate(_answers(model, texts)):
        if isinstance(answer, str):
            refused.append((index, answer))
            continue
        row = _row(ids[index], model.release_id, answer)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    schema = predictions_schema(model.classes)
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
    return Scored(pa.Table.from_arrays(arrays, schema=schema), refused)


def _row(document_id: str, release_id: str, answer: Prediction) -> tuple[object, ...]:
    return (
        document_id,
        prediction_id(document_id, release_id),
        release_id,
        answer.label,
        answer.decision,
        answer.expected_cost,
        answer.probabilities,
        answer.truncated,
        answer.windows,
    )


def _answers(model: Scorer, texts: Sequence[str]) -> list[Prediction | str]:
    """An answer for each text, or why the model cannot take it."""
    if not texts:
        return []
    try:
        return list(model.predict(texts))
    except ValueError as error:
        if len(texts) == 1:
            return [f"inference: {error.args[0] if error.args else error}"[:500]]
        # Somewhere among them is a text that the model cannot take. Halve until it stands alone.
        middle = len(texts) // 2
        return _answers(model, texts[:middle]) + _answers(model, texts[middle:])
