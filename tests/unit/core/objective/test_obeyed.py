"""One number of the file is changed, and whoever obeys it decides otherwise: nobody keeps a number of his own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from towpath.core.errors import TooLargeError
from towpath.core.objective import Objective, load_objective
from towpath.ingestion.domain.obedience import Rules
from towpath.model import Scores
from towpath.model.decision import DecisionRule
from towpath.model.reading import Reader, wants_windows
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.trial import Answer, Phase, Said, Trial
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.performance import CAUSE, Performance
from towpath.pipelines.behaviour import check
from towpath.pipelines.steps.examples import label as examples_of
from towpath.pipelines.steps.gate import decide
from towpath.pipelines.steps.int8 import choose
from towpath.pipelines.steps.snapshot import Snapshot
from towpath.preparation.labels.agreement import summary
from towpath.preparation.labels.ratings import Rating
from towpath.preparation.labels.requirements import verdict
from towpath.training.domain.online.gate import OnlineGate
from towpath.training.domain.retraining import Facts, PastRun, Trouble, plan
from towpath.training.domain.rollouts import Decision as Decided
from towpath.training.domain.rollouts import State, released
from towpath.training.handlers import longest_s
from towpath.v1 import ClassDecision, ClassLabel, Decision, Document, Feedback, ModelRelease, Prediction

TEXT = (Path(__file__).parents[4] / "objective.yaml").read_text()


def ingestion(objective: Objective) -> str:
    """Is a document of 500 characters taken?"""
    try:
        Rules(objective).obey(Document(document_id="d", text="x" * 500))
    except TooLargeError:
        return "refused"
    return "taken"


def labels(objective: Objective) -> str:
    """May labels be released on which raters agree well, and not perfectly?"""
    random = np.random.default_rng(0)
    truth = random.uniform(-3, 3, 200)
    ratings = [
        Rating(f"a{n}-{rater}", f"d{n}", f"r{rater}", objective.class_of_grade(grade), grade, "1", float(n), None)
        for n in range(200)
        for rater in range(3)
        for grade in [float(np.clip(truth[n] + random.normal(0, 0.8), -4, 4))]
    ]
    return "released" if verdict(ratings, summary(ratings, objective), objective, None).met else "held back"


def gate(objective: Objective) -> str:
    """Is a model that errs once in ten documents released, where people did the work before?"""
    truth = np.random.default_rng(0).choice(3, 1000, p=[0.2, 0.3, 0.5])
    answers = np.where(np.arange(1000) % 10 == 0, (truth + 1) % 3, truth)
    price = np.full(1000, objective.ask_person)
    candidate = objective.costs.realised(truth, answers)
    return decide(candidate, {"ask-person": price}, objective.contract.readiness, unit=objective.unit).outcome


def serving(objective: Objective) -> str:
    """What is done with a document that is positive with 90 %, else negative?"""
    rule = DecisionRule.from_objective(objective.to_json(), objective.classes)
    (made,) = rule.decide(np.array([[0.1, 0, 0.9]], dtype=np.float32), np.array([False]))
    return made.decision


def monitoring(objective: Objective) -> str:
    """What does it say that documents cost, of which every other one went to a person?"""
    budget = Budget.of(objective.contract.monitoring.false_alarms, [CAUSE])
    worth = Performance(objective, MonitoringMetrics(CollectorRegistry()), 100, 3, budget)
    for n in range(40):
        asked = Decision.DECISION_ASK_PERSON if n % 2 else Decision.DECISION_CLASS
        said = ClassDecision(label="neutral", decision=asked)
        worth.prediction(Prediction(prediction_id=f"p{n}", document_id=f"d{n}", release_id="r", class_decision=said))
        worth.feedback(Feedback(feedback_id=f"f{n}", document_id=f"d{n}", class_label=ClassLabel(label="neutral")))
    return f"{worth.summary()['r']['realisedCost']:.3f}"


def rollout(objective: Objective) -> str:
    """What becomes of a challenger that cost half a Euro more on each of 150 documents?"""
    phase = Phase("rol", objective.name, "new", "old", "shadow", 0.1, 0)
    trial = Trial(phase, objective.contract.delivery.rollout, objective.costs)
    right, wrong = objective.classes.index("neutral"), objective.classes.index("positive")
    for n in range(150):
        trial.add(Answer(f"d{n}", "rol", 1, Said("old", right, False), Said("new", wrong, False)), right)
    return trial.look().verdict


def releasing(objective: Objective) -> str:
    """What becomes of a release that passed its gate?"""
    old, new = (ModelRelease(release_id=name, model_name=objective.name) for name in ("old", "new"))
    by = Decided(datetime(2026, 11, 25, tzinfo=UTC), "training", "it passed its gate")
    rule = objective.contract.delivery.rollout
    return released(State(old), new, rule, by, rollout_id="rol").told.removeprefix("new is ")


def planned(objective: Objective, cause: str, hours: float, *, new: int, failures: int = 0) -> str:
    """What follows from an alert that costs 1 EUR in 1,000 documents, `hours` after the last run by itself."""
    hour, now = 3600.0, 1.8e9
    trouble, ended = Trouble("alr-1", cause, 1.0, now - hour), now - hours * hour
    runs = [
        PastRun(f"run-{n}", "succeeded", ended - n * hour, ended - n * hour, ("drift/x",), released=n >= failures)
        for n in range(failures + 1)
    ]
    made = plan(objective.contract.retraining, Facts([trouble], runs, new, objective.unit), now)
    if made.start is not None:
        return f"train for {', '.join(made.start.causes)}"
    if made.wait is not None:
        return "wait for " + ("time" if made.wait.until else made.wait.why.split(" ", 1)[0])
    return "not worth it" if made.told else "wait"


def retraining(objective: Objective) -> str:
    """Is a training due after 400 documents?"""
    return planned(objective, "none/of-its", 1000, new=400)


def alarmed(objective: Objective) -> str:
    """What follows from an alert of drift, 49 hours after the last run, with 60 newly annotated documents?"""
    return planned(objective, "drift/x", 49, new=60)


def refused(objective: Objective) -> str:
    """The same, long after two runs that the gate refused."""
    return planned(objective, "drift/x", 24 * 30, new=60, failures=2)


def scheduled(objective: Objective) -> str:
    """What follows from nothing, 49 hours after the last run?"""
    return planned(objective, "none/of-its", 49, new=60)


def patience(objective: Objective) -> str:
    """After how many hours is a run given up?"""
    return f"{longest_s(objective) / 3600:g}"


def renewal(objective: Objective) -> str:
    """How much do labels of documents count that are 0, 100 and 200 days old?"""
    rows = [{"document_id": f"d{age}", "text": "t", "made_at": -age * 86_400.0} for age in (0, 100, 200)]
    said = [
        {"document_id": row["document_id"], "rater_id": rater, "score": 3.0, "label": None}
        for row in rows
        for rater in "abc"
    ]
    weights = examples_of(Snapshot("", Path(), rows, said), objective).weight
    return " ".join(f"{each:.2f}" for each in weights / weights.max())


def reading(objective: Objective) -> str:
    """Is a document of twenty words read to its end by a model that reads eight at once?"""
    tokenizer = Tokenizer(WordLevel({"word": 0}, unk_token="word"))
    tokenizer.pre_tokenizer = Whitespace()
    reader = Reader(tokenizer.to_str().encode(), 8, windows=wants_windows(objective.to_json()))
    return "cut off" if reader.read(["word " * 20]).truncated[0] else "read"


class Graph:
    """Is sure of one class, whatever the text, and takes as long as it was told."""

    def __init__(self, label: int, seconds: float, clock: list[float]) -> None:
        self.row, self.seconds, self.clock = np.eye(3, dtype=np.float32)[label], seconds, clock

    def scores(self, texts: Sequence[str]) -> Scores:
        self.clock[0] += self.seconds
        none, count = np.zeros(len(texts), dtype=np.intp), len(texts)
        rows, embeddings = np.tile(self.row, (count, 1)), np.zeros((count, 1), np.float32)
        return Scores(rows, embeddings, none.astype(bool), none, none, none)


def precision(objective: Objective) -> str:
    """Is a graph in int8 taken that costs an agent's minute more a document?"""
    rule = objective.contract.delivery.int8
    if rule is None:
        return "not asked for"
    clock = [0.0]
    graphs = [Graph(objective.classes.index(name), took, clock) for name, took in (("neutral", 2.0), ("negative", 1.0))]
    truth = np.full(300, objective.classes.index("neutral"))
    return choose(*graphs, ["t"] * 300, truth, objective, clock=lambda: clock[0]).chosen


def behaviour(objective: Objective) -> str:
    """Which tests refuse a model that calls everything positive?"""
    suite = objective.behaviour
    if suite is None:
        return "not asked"
    report = check(
        suite,
        lambda texts: np.tile([0.1, 0.0, 0.9], (len(texts), 1)),
        classes=objective.classes,
        costs=objective.costs,
    )
    return ", ".join(each.name for each in report.results if each.verdict == "failed")


def online(objective: Objective) -> str:
    """Which head reigns, where the online one saved the most that it can on each of 150 documents?"""
    rule = objective.contract.delivery.online
    if rule is None:
        return "static"
    gate = OnlineGate(rule, 8.0)
    for _ in range(150):
        gate.add(-8.0)
    return "online" if gate.reigns else "static"


@pytest.mark.parametrize(
    ("obeys", "old", "new", "before", "after"),
    [
        (ingestion, "maxDocumentChars: 10000", "maxDocumentChars: 280", "taken", "refused"),
        (labels, "floor: 0.667", "floor: 0.95", "released", "held back"),
        (labels, "minRatersPerDocument: 3", "minRatersPerDocument: 4", "released", "held back"),
        (gate, "askPerson: 0.15", "askPerson: 0.4", "fail", "pass"),
        (serving, "askPerson: 0.15", "askPerson: 0.95", "ask-person", "class"),
        (monitoring, "askPerson: 0.15", "askPerson: 0.4", "0.075", "0.200"),
        (rollout, "minDocuments: 100}", "minDocuments: 200}", "roll-back", "undecided"),
        (rollout, "minDocuments: 100}", "minDocuments: 100, margin: 1}", "roll-back", "promote"),
        (rollout, "minDocuments: 100}", "minDocuments: 100, confidence: 0.9999999999}", "roll-back", "undecided"),
        (releasing, "start: at-once", "start: shadow", "on models", "tried as shadow beside old"),
        (
            releasing,
            "start: at-once, share: 0.1",
            "start: canary, share: 0.3",
            "on models",
            "tried on 0.3 of the documents beside old",
        ),
        (online, "# online: {minFeedback: 200}", "online: {minFeedback: 100}", "static", "online"),
        (retraining, "newAnnotatedDocuments: 500", "newAnnotatedDocuments: 400", "wait", "train for labels"),
        (alarmed, "causes: [drift/, ", "causes: [", "train for drift/x", "wait"),
        (alarmed, "runCost: 20 ", "runCost: 100 ", "train for drift/x", "not worth it"),
        (alarmed, "expectedDocuments: 100000", "expectedDocuments: 20000", "train for drift/x", "not worth it"),
        (alarmed, "minNewDocuments: 50", "minNewDocuments: 70", "train for drift/x", "wait for 10"),
        (alarmed, "cooldown: 1d", "cooldown: 3d", "train for drift/x", "wait for time"),
        (refused, "maxFailures: 3", "maxFailures: 2", "train for drift/x", "wait for a"),
        (scheduled, "# every: 30d", "every: 2d", "wait", "train for schedule"),
        (patience, "maxRunTime: 6h", "maxRunTime: 2d", "6", "48"),
        (renewal, "# halfLife: 180d", "halfLife: 100d", "1.00 1.00 1.00", "1.00 0.50 0.25"),
        (renewal, "# window: 365d", "window: 100d", "1.00 1.00 1.00", "1.00 1.00"),
        (reading, "longDocuments: truncate", "longDocuments: windows", "cut off", "read"),
        (precision, "# int8: {margin: 0.005}", "int8: {margin: 0.005}", "not asked for", "fp32"),
        (precision, "# int8: {margin: 0.005}", "int8: {margin: 1.0}", "not asked for", "int8"),
        (
            behaviour,
            'expect: negative, limit: 0.1,\n         templates: ["{name} says',
            'expect: negative, limit: 1,\n         templates: ["{name} says',
            "complaints in plain words, complaints by anybody",
            "complaints in plain words",
        ),
    ],
)
def test_one_number_changes_what_is_decided(
    tmp_path: Path, obeys: Callable[[Objective], str], old: str, new: str, before: str, after: str
) -> None:
    assert TEXT.count(old) == 1
    said = []
    for text in (TEXT, TEXT.replace(old, new)):
        (tmp_path / "objective.yaml").write_text(text)
        said.append(obeys(load_objective(tmp_path / "objective.yaml")))
    assert said == [before, after]


def test_the_gate_asks_for_the_saving_that_the_file_asks_for(tmp_path: Path) -> None:
    text = TEXT.replace("askPerson: 0.15", "askPerson: 0.4")
    for margin, outcome in (("0.0", "pass"), ("0.3", "fail")):
        (tmp_path / "objective.yaml").write_text(text.replace("margin: 0.0", f"margin: {margin}"))
        assert gate(load_objective(tmp_path / "objective.yaml")) == outcome
