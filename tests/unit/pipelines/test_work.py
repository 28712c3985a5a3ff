"""What stages share: examples are read once, and never when their snapshot is no longer what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from towpath.core.errors import ConflictError, CrashError
from towpath.core.objective import load_objective
from towpath.core.store import Store
from towpath.pipelines.snapshots.purging import folders, purge_folder
from towpath.pipelines.steps.snapshot import Snapshot, write_snapshot
from towpath.pipelines.work import Work
from towpath.v1 import Annotation, ClassLabel, Document

ROOT = Path(__file__).parents[3]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    documents = [Document(document_id=f"doc-{n}", text=f"text {n}") for n in range(3)]
    annotations = [
        Annotation(
            annotation_id=f"{document.document_id}-{rater}",
            document_id=document.document_id,
            rater_id=f"rater-{rater}",
            class_label=ClassLabel(score=float(grade)),
        )
        for document, grade in zip(documents, (-2, 0, 3), strict=True)
        for rater in range(3)
    ]
    return write_snapshot(documents, annotations, tmp_path / "snapshots")


@pytest.fixture
def work(tmp_path: Path, snapshot: Snapshot) -> Work:
    objective = json.loads(load_objective(ROOT / "objective.yaml").to_json())
    (tmp_path / "inputs.json").write_text(json.dumps({"home": str(tmp_path), "objective": objective}))
    (tmp_path / "snapshot.json").write_text(json.dumps({"path": str(snapshot.path)}))
    return Work(tmp_path)


def test_stages_of_a_process_label_a_snapshot_once(work: Work) -> None:
    first = work.examples()
    assert first.ids == ["doc-0", "doc-1", "doc-2"]
    assert Work(work.folder).examples() is first, "of the next stage"


def test_another_objective_labels_anew(work: Work) -> None:
    assert work.examples().truth.tolist() == [0, 1, 2]
    inputs = json.loads((work.folder / "inputs.json").read_text())
    inputs["objective"]["contract"]["labels"]["minRatersPerDocument"] = 4
    (work.folder / "inputs.json").write_text(json.dumps(inputs))
    assert Work(work.folder).examples().left_out == {"too few raters": 3}


def test_what_is_forgotten_between_two_stages_ends_the_run(work: Work, tmp_path: Path) -> None:
    work.examples()
    store = Store.open(tmp_path.as_uri())
    (found,) = folders(store, "doc-1", lambda *_: None)
    purge_folder(found, "doc-1", "2026-01-01T00:00:00Z")
    with pytest.raises(ConflictError, match="forgotten"):
        work.examples()


def test_what_is_changed_or_removed_between_two_stages_is_told(work: Work, snapshot: Snapshot) -> None:
    work.examples()
    file = snapshot.path / "documents.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CrashError, match=r"documents\.parquet"):
        work.examples()
    file.unlink()
    with pytest.raises(CrashError, match=r"documents\.parquet: cannot be read"):
        work.examples()
