"""The committed Kubeflow pipeline of batch scoring."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.scoring import text
from towpath.pipelines.kfp.batch import batch_score, score
from towpath.pipelines.kfp.compile import BATCH, compile_to
from towpath.pipelines.scoring import BundleRef


def test_it_is_what_the_code_compiles_to(tmp_path: Path) -> None:
    compile_to(tmp_path / "batch-score.yaml", batch_score)
    assert BATCH.read_text() == (tmp_path / "batch-score.yaml").read_text(), "run `make compile`"


def test_the_component_scores_a_source(bundle: BundleRef, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "old.csv"
    file.write_text("documentId,text\n" + "".join(f"d{n},{text(n)}\n" for n in range(20)))
    folder = bundle.place.url.removeprefix("file://")
    given = {"source": str(file), "bundle": folder, "bundle_sha256": bundle.sha256, "home": str(tmp_path)}
    score.python_func(**given)
    assert len(list(tmp_path.glob(f"predictions/{bundle.release_id}/*/part-*"))) == 1
    with pytest.raises(RuntimeError, match="run it again"):
        score.python_func(**{**given, "bundle_sha256": "0" * 64})
    assert '"documents": 20' in capsys.readouterr().out
