"""int8 is taken where it is faster and, with confidence, not dearer; the gate then judges what is released."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from support.runs import objective_with, run_with
from towpath.core.objective import Objective
from towpath.model import Model, Scores
from towpath.model.manifest import Int8Choice
from towpath.pipelines.report import write_report
from towpath.pipelines.steps.baselines import model_costs
from towpath.pipelines.steps.int8 import choose, speed_ratio


class Answers:
    """A graph that gives the classes it was told, and takes the seconds it was told."""

    def __init__(self, labels: np.ndarray, seconds: float = 1.0, clock: list[float] | None = None) -> None:
        self.labels, self.seconds, self.clock = labels, seconds, clock if clock is not None else [0.0]

    def scores(self, texts: Sequence[str]) -> Scores:
        self.clock[0] += self.seconds
        rows = len(texts)
        made = np.eye(2, dtype=np.float32)[self.labels[:rows]]
        none = np.zeros(rows, np.intp)
        return Scores(made, np.zeros((rows, 1), np.float32), none.astype(bool), none, none, none)


def chosen(
    given: Objective, errors: np.ndarray, more: np.ndarray, *, seconds: tuple[float, float] = (2.0, 1.0), seed: int = 0
) -> Int8Choice:
    """On documents whose truth is 0: fp32 errs where `errors` says, int8 where `more` says, too."""
    clock = [0.0]
    fp32, int8 = Answers(errors, seconds[0], clock), Answers(np.maximum(errors, more), seconds[1], clock)
    truth = np.zeros(len(errors), dtype=np.intp)
    return choose(fp32, int8, ["t"] * len(errors), truth, given, seed=seed, clock=lambda: clock[0])


def test_what_is_faster_and_as_good_is_taken_and_says_why(tmp_path: Path) -> None:
    same = np.arange(200) % 10 == 0
    said = chosen(objective_with(tmp_path, "int8: {margin: 0.01}"), same.astype(int), np.zeros(200, int))
    assert (said.chosen, said.speed, said.upper, said.fp32_cost, said.int8_cost) == ("int8", 2.0, 0.0, 0.1, 0.1)
    assert said.explanation.startswith(
        "int8 is taken: 2.00 times as fast on this machine, and costs at most 0.0000 EUR"
    )


@pytest.mark.parametrize(
    ("documents", "worse", "seconds", "reason"),
    [
        (200, 0, (1.0, 1.1), "but is 0.91 times as fast on this machine"),
        (200, 12, (2.0, 1.0), "where 0.01 may be"),
        (20, 0, (2.0, 1.0), "20 documents to compare int8 on, 30 are wanted"),
    ],
)
def test_otherwise_fp32_is_kept(
    tmp_path: Path, documents: int, worse: int, seconds: tuple[float, float], reason: str
) -> None:
    more = (np.arange(documents) < worse).astype(int)
    said = chosen(objective_with(tmp_path, "int8: {margin: 0.01}"), np.zeros(documents, int), more, seconds=seconds)
    assert said.chosen == "fp32"
    assert said.explanation.startswith("fp32 is kept")
    assert reason in said.explanation


def test_what_is_dearer_by_the_margin_is_taken_no_more_often_than_promised(tmp_path: Path) -> None:
    """5 % of 400 at 95 % confidence; the bound leaves 3 standard errors and the bootstrap's known 1 % or so."""
    given, taken = objective_with(tmp_path, "int8: {margin: 0.05}"), 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        errors, more = (random.random((2, 400)) < [[0.1], [0.05 / 0.9]]).astype(int)
        taken += chosen(given, errors, more, seed=seed).chosen == "int8"
    assert taken / 400 <= 0.05 + 0.01 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_machine_that_becomes_slower_meanwhile_slows_down_both() -> None:
    clock, slower = [0.0], count(1)

    class Slowing(Answers):
        def scores(self, texts: Sequence[str]) -> Scores:
            made = super().scores(texts)
            self.clock[0] += self.seconds * next(slower) / 20
            return made

    graphs = [Slowing(np.zeros(4, int), seconds, clock) for seconds in (3.0, 1.0)]
    assert speed_ratio(*graphs, ["t"] * 4, clock=lambda: clock[0]) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    ("delivery", "choice"),
    [("int8: {margin: 1}", {"chosen": "int8"}), ("longDocuments: windows", None), ("longDocuments: truncate", None)],
)
def test_the_gate_judges_what_is_released(tmp_path: Path, delivery: str, choice: dict[str, object] | None) -> None:
    work = run_with(tmp_path, delivery, choice)
    bundle = Path(work.read("package")["path"])
    model, test = Model.load(bundle), work.examples().take(work.arrays("split")["test"])
    costs = model_costs(model, test.texts, test.truth, work.objective)
    np.testing.assert_array_equal(work.arrays("judged")["costs"], costs)
    assert (model.scores(test.texts).windows > 0).any() == ("windows" in delivery)
    in_int8 = b"MatMulIntegerToFloat" in (bundle / "model.onnx").read_bytes()
    assert in_int8 == (choice is not None)
    assert (b'"int8"' in (bundle / "manifest.json").read_bytes()) == (choice is not None)


def test_the_choice_is_in_manifest_gate_and_report(tmp_path: Path) -> None:
    work = run_with(tmp_path, "int8: {margin: 1}")
    said = Int8Choice.model_validate(work.read("int8"))
    assert work.read("gate")["explanation"].endswith(said.explanation)
    assert Model.load(work.read("package")["path"]).manifest.int8 == said
    page = write_report(work).with_suffix(".md").read_text()
    assert "## Int8" in page
    assert f"| {said.speed:.2f} | more than 1 |" in page
