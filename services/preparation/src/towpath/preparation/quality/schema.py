"""Are rows what rows should be? Pandera's checks on a chunk of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from towpath.core.objective.parts import DataQuality
from towpath.preparation.quality.items import Item

__all__ = ["MISTAKES", "mistakes", "schema_of"]

_ID_CHARS = 256
_TOMORROW_S = 86_400.0  # clocks differ
MISTAKES = {
    "no row": "the line cannot be read",
    "no id": "the document has no id",
    "long id": f"the id is longer than {_ID_CHARS} characters",
    "no text": "there is no text, or only space",
    "too short": "the text is shorter than the objective's minDocumentChars",
    "too long": "the text is longer than the objective's maxDocumentChars",
    "no class": "the label is no class of the objective",
    "no time": "createdAt lies in the future or before 1970",
}


def schema_of(limits: DataQuality, classes: Sequence[str], now: float) -> pa.DataFrameSchema:
    """Columns id, text, label, created_at (Unix seconds); a label or a time may be absent."""
    chars = limits.min_document_chars, limits.max_document_chars
    label = [pa.Check.isin(list(classes), error="no class")] if classes else []
    return pa.DataFrameSchema(
        {
            "id": pa.Column(object, [_check("no id", _filled), pa.Check.str_length(0, _ID_CHARS, error="long id")]),
            "text": pa.Column(
                object,
                [
                    _check("no text", _filled),
                    _check("too short", lambda column: ~_filled(column) | (column.str.len() >= chars[0])),
                    pa.Check.str_length(max_value=chars[1], error="too long"),
                ],
            ),
            "label": pa.Column(object, label, nullable=True),
            "refused": pa.Column(object, _check("no row", lambda column: column == "")),
            "created_at": pa.Column(
                float, pa.Check.in_range(0, now + _TOMORROW_S, error="no time"), nullable=True, coerce=True
            ),
        }
    )


def mistakes(items: Sequence[Item], schema: pa.DataFrameSchema) -> dict[str, list[int]]:
    """Positions in `items`, by mistake (keys of MISTAKES)."""
    columns = {
        "id": [each.id for each in items],
        "text": [each.text or each.refused for each in items],
        "refused": [each.refused for each in items],
        "label": [each.label or None for each in items],
    }
    frame = pd.DataFrame(columns, dtype=object)
    frame["created_at"] = pd.Series([each.created_at for each in items], dtype=float)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return {}
    found: dict[str, list[int]] = {}
    for name, index in zip(cases["check"], cases["index"], strict=True):
        found.setdefault(_name(str(name)), []).append(int(index))
    return {name: sorted(set(rows)) for name, rows in found.items()}


def _check(name: str, test: object) -> pa.Check:
    return pa.Check(test, error=name)


def _filled(column: pd.Series) -> pd.Series:
    return column.str.strip() != ""


def _name(told: str) -> str:
    return next((name for name in MISTAKES if re.search(rf"\b{name}\b", told)), told)
