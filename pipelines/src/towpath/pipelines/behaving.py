"""The objective's behaviour tests, asked of a run's candidate, and of the release that reigns where they compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.model import Model
from towpath.pipelines.behaviour import Asked, Labelled, Report, check
from towpath.pipelines.behaviour.page import as_page
from towpath.pipelines.candidate import answers_of
from towpath.pipelines.steps.examples import Examples
from towpath.pipelines.work import Work

__all__ = ["behave", "of_model"]

Floats = NDArray[np.float64]


def behave(work: Work, test: Examples, probabilities: Floats) -> Report | None:
    """Leave what the suite finds in the run's folder; None where the objective has no suite.

    Args:
        test: the test documents.
        probabilities: (n, K) what the candidate says of them; nobody asks it twice.
    """
    objective, suite = work.objective, work.objective.behaviour
    if suite is None:
        return None
    known = dict(zip(test.texts, probabilities, strict=True))
    report = check(
        suite,
        _remembering(known, lambda texts: answers_of(work, texts)),
        classes=objective.classes,
        costs=objective.costs,
        documents=[Labelled(text, objective.classes[n]) for text, n in zip(test.texts, test.truth, strict=True)],
        champion=_reigning(work.inputs["reigning"], objective.classes),
        confidence=objective.contract.readiness.confidence,
    )
    work.write("behaviour", report.to_dict())
    title = f"Behaviour of {work.inputs['runId']}: {objective.name}"
    (work.folder / "behaviour.html").write_text(as_page(report, title=title), encoding="utf-8")
    return report


def of_model(model: Model, classes: Sequence[str]) -> Asked:
    """A released model as what can be asked; its classes may be in another order than the objective's."""
    order = [model.classes.index(name) for name in classes]
    return lambda texts: model.scores(texts).probabilities[:, order].astype(np.float64)


def _remembering(known: dict[str, Any], ask: Asked) -> Asked:
    def answer(texts: Sequence[str]) -> Floats:
        new = [text for text in texts if text not in known]
        said = known | (dict(zip(new, ask(new), strict=True)) if new else {})
        return np.array([said[text] for text in texts])

    return answer


def _reigning(told: dict[str, str] | None, classes: Sequence[str]) -> Asked | None:
    if not told:
        return None
    # Loaded when it is asked: most suites never ask it.
    return lambda texts: of_model(Model.load(told["path"], sha256=told["sha256"]), classes)(texts)
