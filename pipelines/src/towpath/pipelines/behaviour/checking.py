"""A suite asked of a model: each text once, however many cases it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.core.objective.behaviour import Suite
from towpath.pipelines.behaviour.answers import Answers
from towpath.pipelines.behaviour.cases import Case, Labelled, cases_of
from towpath.pipelines.behaviour.judging import judge
from towpath.pipelines.behaviour.report import Report

__all__ = ["Asked", "check"]

# Probabilities (n, K) of n texts, columns in the order of the objective's classes.
Asked = Callable[[Sequence[str]], NDArray[np.float64]]


def check(
    suite: Suite,
    ask: Asked,
    *,
    classes: Sequence[str],
    costs: Costs,
    documents: Sequence[Labelled] | None = None,
    champion: Asked | None = None,
    confidence: float = 0.95,
) -> Report:
    """Make the cases, ask the model, judge.

    Args:
        documents: labelled test documents, for the tests that want them; those are left out where it is None.
        champion: the release that reigns; it is asked about cases of tests that are held against it only.
        confidence: of being worse than that release.
    """
    cases = {test.name: cases_of(test, suite, documents) for test in suite.tests}
    relative = [test.name for test in suite.tests if test.limit == "no-worse-than-champion"]
    texts = _texts([each for made in cases.values() for each in made or ()])
    told = Answers(texts, ask(texts), classes, costs) if texts else _nothing(classes, costs)
    theirs = None
    if champion is not None and relative:
        also = _texts([each for name in relative for each in cases[name] or ()])
        theirs = Answers(also, champion(also), classes, costs) if also else None
    return Report(
        suite.seed,
        len(texts),
        tuple(
            judge(test, cases[test.name], told, theirs if test.name in relative else None, confidence=confidence)
            for test in suite.tests
        ),
    )


def _texts(cases: Sequence[Case]) -> list[str]:
    return list(dict.fromkeys(text for each in cases for text in (each.text, each.before) if text is not None))


def _nothing(classes: Sequence[str], costs: Costs) -> Answers:
    return Answers([], np.empty((0, len(classes))), classes, costs)
