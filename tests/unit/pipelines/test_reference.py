"""What a release is watched by: the very rows that a worker would write of the documents it was judged on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import json_format
from prometheus_client import CollectorRegistry

from support.runs import run_with
from towpath.core.stream import Codec, Record, Registry
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_bundle
from towpath.pipelines.inputs import RunInputs
from towpath.pipelines.runner import _result
from towpath.pipelines.stages import Work
from towpath.pipelines.steps.examples import Examples
from towpath.pipelines.steps.reference import MAX_BYTES, reference
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import Serving
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document, ModelRelease, Prediction, Reference

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def predicted(model: Model, texts: list[str], batch: int) -> list[Prediction]:
    """As a worker writes them, in JSON, in transactions of `batch` documents."""
    codec, registry = Codec(), Registry.load()
    metrics, budget = ServingMetrics(CollectorRegistry()), DeadLetterBudget(0.9, 1000)
    predict = PredictBatch(codec, registry, metrics, budget, 100_000, now=lambda: NOW)
    serving = Serving(model, Released("m", model.release_id, ""))
    records = []
    for n, text in enumerate(texts):
        sent = codec.encode(Document(document_id=f"doc-{n}", text=text), topic="documents", key=f"doc-{n}")
        records.append(Record("documents", 0, n, sent.key, sent.value, sent.headers, 0))
    made = []
    for start in range(0, len(records), batch):
        for each in predict(records[start : start + batch], serving).messages:
            record = Record(each.topic, 0, 0, each.key, each.value, each.headers, 0)
            made.append(codec.decode(record, Prediction).message)
    return made


def rows(made: list[Prediction], classes: list[str]) -> tuple[np.ndarray, ...]:
    """Sketches, tokens, unknown tokens and probabilities."""
    sketches = np.stack([np.frombuffer(each.input.sketch, dtype=np.int8) for each in made])
    shares = [{said.label: said.probability for said in each.class_decision.probabilities} for each in made]
    told = [[share[name] for name in classes] for share in shares]
    counts = ([each.input.tokens for each in made], [each.input.unknown_tokens for each in made])
    return sketches, *map(np.array, counts), np.array(told, dtype=np.float32)


def rows_of(held: Reference) -> tuple[np.ndarray, ...]:
    sketches = np.frombuffer(held.sketches, dtype=np.int8).reshape(held.documents, -1)
    shares = np.array(held.probabilities, dtype=np.float32).reshape(held.documents, len(held.classes))
    return sketches, np.array(held.tokens), np.array(held.unknown_tokens), shares


@pytest.mark.parametrize(
    ("delivery", "choice"),
    [("int8: {margin: 1}", {"chosen": "int8"}), ("longDocuments: windows", None), ("longDocuments: truncate", None)],
)
def test_a_worker_writes_the_rows_of_the_reference(
    tmp_path: Path, delivery: str, choice: dict[str, object] | None
) -> None:
    work = run_with(tmp_path, delivery, choice)
    held = json_format.ParseDict(work.read("reference"), Reference())
    test = work.examples().take(work.arrays("split")["test"])
    order = np.random.default_rng(0).permutation(len(test))
    sampled = test.take(order)
    assert held.documents == len(test) > 30
    assert list(held.classes) == ["cat", "dog"]
    assert list(held.truths) == sampled.truth.tolist()
    assert max(held.tokens) > 64  # longer than the model reads
    bundle = Path(work.read("package")["path"])
    made = predicted(Model.load(bundle), sampled.texts, len(test))
    for mine, theirs in zip(rows(made, ["cat", "dog"]), rows_of(held), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    # In other company the last bits of fp32 are others: they move a byte seldom, and by one.
    made = predicted(Model.load(bundle, threads=2, side_by_side=True), sampled.texts, 7)
    sketches, *counts, shares = rows(made, ["cat", "dog"])
    wanted, *numbers, probabilities = rows_of(held)
    np.testing.assert_array_equal(counts, numbers)
    np.testing.assert_allclose(shares, probabilities, atol=1e-5)
    apart = np.abs(sketches.astype(int) - wanted)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.005


def test_a_runs_release_has_it(tmp_path: Path) -> None:
    work = run_with(tmp_path, "longDocuments: truncate")
    missing = tmp_path / "none"
    inputs = RunInputs("r", tmp_path, work.objective, missing, missing, code_revision="c")
    release = _result(inputs, Work(work.folder), {}).release
    assert release is not None
    assert release.reference == json_format.ParseDict(work.read("reference"), Reference())
    assert release.reference.documents > 30


def judged(count: int) -> Examples:
    numbers = np.arange(count)
    texts = [f"text {n} {'abc' * (n % 5)}" for n in numbers]
    some = np.ones(count)
    return Examples([f"d{n}" for n in numbers], texts, numbers % 2, some, numbers, some, {})


def model(tmp_path: Path, classes: list[str]) -> Model:
    costs = {"matrix": {truth: {said: float(truth != said) for said in classes} for truth in classes}}
    objective = json.dumps({"contract": {"costs": costs}})
    return Model.load(build_tiny_bundle(tmp_path / "bundle", classes=tuple(classes), objective_json=objective))


def test_a_thousand_rows_are_sampled_by_the_runs_seed(tmp_path: Path) -> None:
    given, documents = model(tmp_path, ["a", "b", "c"]), judged(1300)
    held, again, other = (reference(given, documents, seed=seed) for seed in (3, 3, 4))
    assert held.documents == len(held.tokens) == len(held.truths) == 1000
    assert held == again
    assert held.sketches != other.sketches
    assert 400 < sum(held.truths) < 600


@pytest.mark.parametrize(("classes", "least", "most"), [(3, 1000, 1000), (40, 100, 400), (400, 10, 40)])
def test_a_release_with_the_one_before_stays_below_256_kib(tmp_path: Path, classes: int, least: int, most: int) -> None:
    held = reference(model(tmp_path, [f"class {n}" for n in range(classes)]), judged(1100), seed=0)
    assert least <= held.documents <= most
    lengths = [len(held.tokens), len(held.unknown_tokens), len(held.truths), len(held.sketches) // 16]
    assert {*lengths, len(held.probabilities) // classes} == {held.documents}
    message = ModelRelease(release_id="new", reference=held, previous=ModelRelease(release_id="old", reference=held))
    assert len(Codec().encode(message, topic="models", key="m").value or b"") < 256 * 1024


def test_where_not_even_a_row_fits_there_is_none(tmp_path: Path) -> None:
    assert reference(model(tmp_path, ["a" * MAX_BYTES, "b"]), judged(20), seed=0) == Reference()
