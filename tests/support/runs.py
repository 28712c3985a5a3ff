"""A whole run of the pipeline in this process, in a second."""

from __future__ import annotations

import json
from pathlib import Path

from support.objective import CATS_OR_DOGS
from towpath.core.objective import Objective, load_objective
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.inputs import RunInputs
from towpath.pipelines.runner import prepare, run_stage
from towpath.pipelines.stages import STAGES, Work

__all__ = ["objective_with", "run_with"]


def objective_with(tmp_path: Path, delivery: str) -> Objective:
    """Cats or dogs, delivered so (YAML), and with data that are alike."""
    lenient = CATS_OR_DOGS.replace("PerClass: 20", "PerClass: 20, maxNearDuplicateShare: 1, maxLeakageShare: 1")
    (tmp_path / "objective.yaml").write_text(f"{lenient}  delivery: {{{delivery}}}\n")
    return load_objective(tmp_path / "objective.yaml")


def run_with(tmp_path: Path, delivery: str, after_quantise: dict[str, object] | None = None) -> Work:
    """A whole run with a tiny encoder; `after_quantise` is changed in the choice before the rest goes on."""
    documents, annotations = tmp_path / "documents.ndjson", tmp_path / "annotations.ndjson"
    kinds = [("cat", "meow purr whiskers"), ("dog", "woof bark bone")]
    with documents.open("w") as texts, annotations.open("w") as labels:
        for n in range(240):
            label, words = kinds[n % 2]
            text = " ".join([words, *(["and so on"] * (n % 13)), str(n)])
            texts.write(json.dumps({"documentId": f"d{n}", "text": text}) + "\n")
            rated = {"annotationId": f"a{n}", "documentId": f"d{n}", "raterId": "r", "classLabel": {"label": label}}
            labels.write(json.dumps(rated) + "\n")
    given = objective_with(tmp_path, delivery)
    encoder = build_tiny_encoder(tmp_path / "encoder").path
    folder = prepare(RunInputs("r", tmp_path, given, documents, annotations, code_revision="c", encoder=encoder))
    for name in STAGES:
        run_stage(name, folder, lambda _: None)
        if name == "quantise" and after_quantise:
            work = Work(folder)
            work.write("int8", {**work.read("int8"), **after_quantise})
    return Work(folder)
