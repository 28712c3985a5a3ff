"""A label release: the class of each document with the ratings it comes from, addressed by content.

A folder with `labels.parquet` (a row a document) and `release.json` (objective, guide versions, agreement, counts).
The id follows from the labels and the objective: the same ratings give the same release.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from towpath.core.errors import CrashError
from towpath.core.objective import Objective
from towpath.preparation.labels.agreement import AgreementSummary
from towpath.preparation.labels.consensus import given_classes
from towpath.preparation.labels.ratings import Rating
from towpath.preparation.labels.requirements import Verdict

__all__ = ["LabelRelease", "make_release", "read_release", "write_release"]

_LABELS, _ABOUT = "labels.parquet", "release.json"


@dataclass(frozen=True)
class LabelRelease:
    """`rows`: documentId, label, score (mean grade or None), raters, annotationIds; in order of document id."""

    id: str
    rows: tuple[dict[str, Any], ...]
    about: dict[str, Any]


def make_release(
    ratings: Sequence[Rating], objective: Objective, agreement: AgreementSummary, verdict: Verdict
) -> LabelRelease:
    """Raises ValueError when the verdict is not that they may be released."""
    if not verdict.met:
        raise ValueError("these labels do not meet what the objective asks of a release")
    rows = tuple(_rows(ratings, objective))
    identity = _identity(rows, objective.hash)
    about = {
        "id": identity,
        "objective": objective.name,
        "objectiveHash": objective.hash,
        "guideVersions": dict(sorted(Counter(each.guide_version for each in ratings).items())),
        "counts": {
            "documents": len(rows),
            "ratings": len(ratings),
            "raters": len({each.rater_id for each in ratings}),
            "byClass": {name: sum(row["label"] == name for row in rows) for name in objective.classes},
        },
        "agreement": {**agreement.alpha.to_dict(), "scale": agreement.scale, "floor": agreement.floor},
        "requirements": verdict.to_dict()["requirements"],
    }
    return LabelRelease(identity, rows, about)


def write_release(release: LabelRelease, folder: Path) -> Path:
    """Below `folder`, unless it is there already; returns the release's own folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    own = folder / release.id.removeprefix("sha256:")[:32]
    if (own / _ABOUT).exists():
        return own
    own.mkdir(parents=True, exist_ok=True)
    schema = pa.schema(
        [
            ("documentId", pa.string()),
            ("label", pa.string()),
            ("score", pa.float64()),
            ("raters", pa.int64()),
            ("annotationIds", pa.list_(pa.string())),
        ]
    )
    part = own / f"{_LABELS}.part"
    pq.write_table(pa.Table.from_pylist(list(release.rows), schema=schema), part, compression="zstd")
    part.replace(own / _LABELS)
    # Last, as its being there says that the release is whole.
    about = own / f"{_ABOUT}.part"
    about.write_text(json.dumps(release.about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    about.replace(own / _ABOUT)
    return own


def read_release(folder: Path) -> LabelRelease:
    """Raises CrashError when its labels are not those that its id says."""
    import pyarrow.parquet as pq

    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    rows = tuple(pq.read_table(folder / _LABELS).to_pylist())
    if _identity(rows, about["objectiveHash"]) != about["id"]:
        raise CrashError(f"{folder}: the labels are not those of {about['id']}; cut the release again")
    return LabelRelease(about["id"], rows, about)


def _rows(ratings: Sequence[Rating], objective: Objective) -> list[dict[str, Any]]:
    by_document: dict[str, list[Rating]] = defaultdict(list)
    for each in ratings:
        by_document[each.document_id].append(each)
    classes = given_classes(ratings, objective)
    return [_row(name, classes[name], by_document[name]) for name in sorted(by_document)]


def _row(document: str, label: str, ratings: list[Rating]) -> dict[str, Any]:
    scores = [each.score for each in ratings if each.score is not None]
    return {
        "documentId": document,
        "label": label,
        "score": fmean(scores) if scores else None,
        "raters": len({each.rater_id for each in ratings}),
        "annotationIds": sorted(each.annotation_id for each in ratings),
    }


def _identity(rows: Sequence[dict[str, Any]], objective_hash: str) -> str:
    digest = hashlib.sha256(objective_hash.encode() + b"\n")
    for row in rows:
        digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"
