"""The steps joined by files: each stage reads what earlier ones left in the run's folder, and leaves its own there.

So the same stages run one after the other in a process, or each in a container of Kubeflow with the folder mounted.
pandas, Matplotlib and scikit-learn are imported where they are used, for they take seconds, which no other stage pays.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import json_format

from towpath.model import Model, manifest_sha256, release_id_of
from towpath.model.build import EncoderFolder, build_encoder, fitted_anchors, merged, write_bundle
from towpath.model.manifest import Lineage
from towpath.pipelines.behaving import behave
from towpath.pipelines.behaviour import refusals
from towpath.pipelines.candidate import graph_of, int8_of, model_of, probabilities_of, scorer_of, small_graph_of
from towpath.pipelines.steps import baselines, evaluate, gate, int8, train
from towpath.pipelines.steps.ages import asked_for
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.steps.reference import reference
from towpath.pipelines.steps.snapshot import write_snapshot
from towpath.pipelines.steps.split import split
from towpath.pipelines.work import Work
from towpath.preparation.quality.items import Item
from towpath.v1 import Annotation, Document

__all__ = ["STAGES", "Work"]

_SERVED, _LEAST_SERVED = 5_000, 500


def snapshot(work: Work) -> str:
    made = write_snapshot(
        work.messages("documents", Document),
        work.messages("annotations", Annotation),
        work.home / "snapshots",
        dated=asked_for(work.objective),
    )
    counts = {"documents": len(made.documents), "annotations": len(made.annotations)}
    work.write("snapshot", {"id": made.id, "path": str(made.path), **counts})
    return f"{counts['documents']} documents, {counts['annotations']} annotations"


def check(work: Work) -> str:
    from towpath.pipelines.steps.validate import validate
    from towpath.preparation.quality.page import data_page

    examples = work.examples()
    made, served = _recent(work, set(examples.ids))
    report = validate(examples, work.objective, now=time.time(), made=made, served=served)
    work.write("data", report.to_dict())
    work.write("data-report", report.audit.to_dict())
    title = f"Data of {work.inputs['runId']}: {work.objective.name}"
    page = data_page(report.audit, title=title, subtitle=f"snapshot {work.read('snapshot')['id']}")
    (work.folder / "data-report.html").write_text(page, encoding="utf-8")
    return report.words


def divide(work: Work) -> str:
    parts = split(work.examples().texts)
    work.write_arrays("split", train=parts.train, calibration=parts.calibration, test=parts.test)
    return f"{len(parts.train)} to train, {len(parts.calibration)} to calibrate, {len(parts.test)} to test"


def encode(work: Work) -> str:
    folder = work.inputs["encoder"]
    encoder = EncoderFolder(Path(folder)) if folder else build_encoder(work.home / "cache")
    embeddings = embed(work.examples().texts, encoder, work.home / "cache", windows=work.windows)
    work.write_arrays("embeddings", embeddings=embeddings)
    work.write("encoder", {"path": str(encoder.path), "identity": encoder.identity})
    return f"{len(embeddings)} × {embeddings.shape[1]}"


def fit(work: Work) -> str:
    if not work.read("data")["ok"]:
        return "left out: the data are not good enough"
    examples, rows, parts = work.examples(), work.arrays("embeddings")["embeddings"], work.arrays("split")
    chosen, held = parts["train"], parts["calibration"]
    weight = examples.weight[chosen]
    made = train.fit(rows[chosen], examples.truth[chosen], weight, work.objective.costs, seed=work.inputs["seed"])
    made = train.calibrate(made, rows[held], examples.truth[held])
    work.write_arrays("head", coef=made.head.coef, intercept=made.head.intercept)
    work.write("training", {"C": made.regularisation, "temperature": made.temperature, "costByC": made.cost_by_c})
    return f"C={made.regularisation:g}, temperature {made.temperature:.2f}"


def quantise(work: Work) -> str:
    if work.objective.contract.delivery.int8 is None:
        return "left out: the objective asks for fp32"
    if not work.read("data")["ok"]:
        return "left out: the data are not good enough"
    graph = merged(*model_of(work))
    small = small_graph_of(work, graph)
    held = work.examples().take(work.arrays("split")["calibration"])
    chosen = int8.choose(
        scorer_of(work, graph), scorer_of(work, small), held.texts, held.truth, work.objective, seed=work.inputs["seed"]
    )
    (work.folder / "int8.onnx").write_bytes(small)
    work.write("int8", chosen.model_dump())
    return chosen.explanation


def judge(work: Work) -> str:
    if not work.read("data")["ok"]:
        return "left out: the data are not good enough"
    test = work.arrays("split")["test"]
    chosen = work.examples().take(test)
    probabilities = probabilities_of(work, chosen.texts, test)
    found = evaluate.metrics(probabilities, chosen.truth, chosen.grade, work.objective)
    decisions = work.objective.costs.decide(probabilities)
    realised = work.objective.costs.realised(chosen.truth, decisions.labels, decisions.ask)
    work.write_arrays("judged", costs=realised, truth=chosen.truth, labels=decisions.labels, ask=decisions.ask)
    work.write("metrics", found)
    behaved = behave(work, chosen, probabilities)
    told = f"{found['expected_cost']:.3f} {work.objective.unit} a document, macro-F1 {found['macro_f1']:.3f}"
    return told if behaved is None else f"{told}; behaviour tests: {behaved.words}"


def decide(work: Work) -> str:
    data = work.read("data")
    if data["ok"]:
        result = gate.decide(
            work.arrays("judged")["costs"],
            _baselines(work),
            work.objective.contract.readiness,
            unit=work.objective.unit,
            seed=work.inputs["seed"],
        )
    else:
        failed = "; ".join(f"{each['name']}: {each['found']}" for each in data["checks"] if not each["passed"])
        result = gate.GateResult("not enough data", f"Nothing was trained. {failed}. Annotate more.")
    picked = int8_of(work)
    if picked is not None and data["ok"]:
        result = replace(result, explanation=f"{result.explanation} {picked.explanation}")
    if work.objective.behaviour is not None and data["ok"]:
        result = gate.refused(result, refusals(work.read("behaviour")["tests"]))
    work.write("gate", result.to_dict())
    return f"{result.outcome}: {result.explanation}"


def package(work: Work) -> str:
    if work.read("gate")["outcome"] not in ("pass", "no baseline"):
        return "left out: not to be released"
    training, metrics = work.read("training"), work.read("metrics")
    encoder, head = model_of(work)
    picked = int8_of(work)
    judged, classes = work.arrays("judged"), work.objective.classes
    shares = np.bincount(judged["labels"], minlength=len(classes)) / max(1, len(judged["labels"]))
    folder = write_bundle(
        work.folder / "bundle",
        name=work.objective.name,
        encoder=encoder,
        head=head,
        classes=classes,
        objective_json=work.objective.to_json(),
        lineage=Lineage(
            snapshot_id=work.read("snapshot")["id"],
            objective_hash=work.objective.hash,
            code_revision=work.inputs["codeRevision"],
            encoder=encoder.identity,
        ),
        metrics=metrics,
        calibration={"temperature": training["temperature"], "error": metrics["calibration_error"]},
        monitoring_reference={"class_shares": shares.tolist()},
        graph=graph_of(work),
        int8=picked,
        anchors=_anchors(work),
    )
    sha256 = manifest_sha256(folder)
    # Its name follows from its content, so a second run on the same inputs gives the same release.
    target = work.home / "bundles" / release_id_of(sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        folder.replace(target)
    _refer(work, Model.load(target, sha256=sha256, side_by_side=True))
    work.write("package", {"path": str(target), "sha256": sha256, "releaseId": target.name})
    return target.name


def _anchors(work: Work) -> bytes | None:
    learned_from = work.arrays("embeddings")["embeddings"][work.arrays("split")["train"]]
    return fitted_anchors(learned_from, seed=work.inputs["seed"])


def _refer(work: Work, model: Model) -> None:
    """Leave what monitoring holds live predictions against."""
    judged = work.examples().take(work.arrays("split")["test"])
    work.write("reference", json_format.MessageToDict(reference(model, judged, seed=work.inputs["seed"])))


def _recent(work: Work, labelled: set[str]) -> tuple[dict[str, float], list[Item]]:
    """(when labelled documents were made, the last ones that nobody labelled)."""
    made: dict[str, float] = {}
    served: deque[Item] = deque(maxlen=_SERVED)
    for each in work.messages("documents", Document):
        if each.document_id not in labelled:
            served.append(Item(each.document_id, each.text))
        elif each.HasField("created_at"):
            made[each.document_id] = each.created_at.ToNanoseconds() / 1e9
    return made, list(served) if len(served) >= _LEAST_SERVED else []


def _baselines(work: Work) -> dict[str, Any]:
    examples, parts = work.examples(), work.arrays("split")
    chosen = examples.take(parts["test"])
    reigning = work.inputs["reigning"]
    if reigning:
        model = Model.load(reigning["path"], sha256=reigning["sha256"], side_by_side=True)
        costs = baselines.model_costs(model, chosen.texts, chosen.truth, work.objective)
        return {f"the reigning {reigning['releaseId']}": costs}
    train_truth = examples.truth[parts["train"]]
    return {
        name: baselines.baseline_costs(name, chosen.texts, chosen.truth, train_truth, work.objective)
        for name in work.objective.contract.readiness.baselines
    }


STAGES: dict[str, Callable[[Work], str]] = {
    "snapshot": snapshot,
    "validate": check,
    "split": divide,
    "encode": encode,
    "train": fit,
    "quantise": quantise,
    "evaluate": judge,
    "gate": decide,
    "package": package,
}
