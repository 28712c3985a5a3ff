"""What a snapshot's id is of: each annotated document as it is trained on, with what raters said of it.

An id is the hash of a multiset (`Multiset`) with one element for each document, so it can be had by reading all, or by
taking out of the one before what changed and putting in what it became.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from towpath.pipelines.snapshots.multiset import Multiset
from towpath.v1 import Annotation, Document

__all__ = ["annotation_row", "document_row", "element", "elements", "identity"]

Row = dict[str, Any]
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def document_row(each: Document, *, dated: bool) -> Row:
    """With `made_at` in seconds since the epoch where `dated`, None where nobody said it."""
    row: Row = {
        "document_id": each.document_id,
        "text": each.text,
        "source": each.source,
        "language": each.language,
    }
    if dated:
        row["made_at"] = each.created_at.ToNanoseconds() / 1e9 if each.HasField("created_at") else None
    return row


def annotation_row(each: Annotation) -> Row:
    label = each.class_label
    return {
        "annotation_id": each.annotation_id,
        "document_id": each.document_id,
        "rater_id": each.rater_id,
        "label": label.label or None,
        "score": label.score if label.HasField("score") else None,
        "guide_version": each.guide_version,
    }


def element(document: Row, annotations: Sequence[Row]) -> bytes:
    """A document and its annotations as bytes: canonical JSON, a line each, annotations by id."""
    ordered = sorted(annotations, key=lambda row: str(row["annotation_id"]))
    return "\n".join(map(_encode, [document, *ordered])).encode("utf-8", "surrogatepass")


def elements(documents: Iterable[Row], annotations: Iterable[Row]) -> Iterable[bytes]:
    """One for each document."""
    by_document: dict[str, list[Row]] = {}
    for row in annotations:
        by_document.setdefault(row["document_id"], []).append(row)
    return (element(row, by_document.get(row["document_id"], ())) for row in documents)


def identity(content: Multiset) -> str:
    """ "sha256:…" of a snapshot of that content."""
    return f"sha256:{content.sha256}"
