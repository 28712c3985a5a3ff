"""Which cases fail, how often, in which slices, and what that means by the test's limit.

A limit of `no-worse-than-champion` is held by McNemar's exact test, one-sided: of the cases on which only one of the
two models fails, are so many the candidate's that chance is no explanation at the gate's confidence?
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective.behaviour import BehaviourTest, Directional, Limit, MinimumFunctionality
from towpath.pipelines.behaviour.answers import Answers
from towpath.pipelines.behaviour.cases import Case
from towpath.pipelines.behaviour.examples import Example, example

__all__ = ["Part", "Result", "Verdict", "failures", "judge"]

Verdict = Literal["passed", "failed", "reported", "left out"]
Floats = NDArray[np.float64]
Failed = NDArray[np.bool_]
_EXAMPLES = 5


@dataclass(frozen=True)
class Part:
    """The cases of one slice."""

    by: str
    which: str
    cases: int
    failures: int

    @property
    def rate(self) -> float:
        """Share of them that fail, 0 to 1."""
        return self.failures / self.cases


@dataclass(frozen=True)
class Result:
    """One test. `acted`: failures that the costs would have acted on, nobody being asked.

    `champion`: how many of the same cases the reigning release fails, where that was to be known.
    """

    name: str
    kind: str
    capability: str
    limit: Limit
    verdict: Verdict
    why: str
    cases: int = 0
    failures: int = 0
    acted: int = 0
    champion: int | None = None
    parts: tuple[Part, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def rate(self) -> float:
        """Share of the cases that fail, 0 to 1; 0 where there are none."""
        return self.failures / self.cases if self.cases else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rate": self.rate}


def failures(test: BehaviourTest, cases: Sequence[Case], answers: Answers) -> tuple[Failed, Failed]:
    """(n,) which cases fail, and (n,) which of their answers are acted on and are wrong."""
    rows = answers.rows([each.text for each in cases])
    if isinstance(test, MinimumFunctionality):
        wanted = answers.classes.index(test.expect)
        wrong, misled = answers.best[rows] != wanted, answers.decided[rows] != wanted
        acted = ~answers.asked[rows] & misled
    else:
        before = answers.rows([each.before or each.text for each in cases])
        both = ~answers.asked[rows] & ~answers.asked[before]
        if isinstance(test, Directional):
            wrong = _moved(test, answers, rows, before) > test.tolerance
            acted = wrong & ~answers.asked[rows]
        else:
            wrong = answers.best[rows] != answers.best[before]
            acted = both & (answers.decided[rows] != answers.decided[before])
    return (acted if test.judge == "decision" else wrong), acted


def judge(
    test: BehaviourTest,
    cases: Sequence[Case] | None,
    answers: Answers,
    champion: Answers | None,
    *,
    confidence: float,
) -> Result:
    """What a model's answers mean.

    Args:
        cases: None where there are no documents to make them of.
        champion: answers of the release that reigns; None where none does.
        confidence: of being worse than it, before that is said.
    """
    about = (test.name, test.kind, test.capability, test.limit)
    if not cases:
        why = "for want of labelled documents" if cases is None else "for it applies to none of its texts"
        return Result(*about, "left out", why)
    failed, acted = failures(test, cases, answers)
    count, beaten = int(failed.sum()), None
    against = failures(test, cases, champion)[0] if champion is not None else None
    if against is not None:
        beaten = _chance(failed, against) <= 1 - confidence
    verdict, why = _verdict(test.limit, count, len(cases), against, beaten)
    return Result(
        *about,
        verdict,
        why,
        len(cases),
        count,
        int(acted.sum()),
        None if against is None else int(against.sum()),
        _parts(cases, failed),
        tuple(example(test, cases[n], answers) for n in np.flatnonzero(failed)[:_EXAMPLES]),
    )


def _verdict(limit: Limit, count: int, cases: int, against: Failed | None, beaten: bool | None) -> tuple[Verdict, str]:
    told = f"{count} of {cases} fail ({count / cases:.0%})"
    if limit == "report":
        return "reported", told
    if limit == "no-worse-than-champion":
        if against is None:
            return "reported", f"{told}; no release reigns to be held against"
        theirs = f"{told}, {int(against.sum())} of the release that reigns"
        return ("failed", f"{theirs}: worse than chance explains") if beaten else ("passed", theirs)
    within = count / cases <= float(limit)
    return ("passed" if within else "failed"), f"{told}, at most {100 * float(limit):g}% may"


def _chance(failed: Failed, against: Failed) -> float:
    """Of as many failures of the candidate alone, where each is as likely to be the other's (McNemar, exact)."""
    from scipy.stats import binomtest

    alone, others = int((failed & ~against).sum()), int((against & ~failed).sum())
    if alone == 0:
        return 1.0
    return float(binomtest(alone, alone + others, 0.5, alternative="greater").pvalue)


def _moved(test: Directional, answers: Answers, rows: NDArray[np.intp], before: NDArray[np.intp]) -> Floats:
    """(n,) by how much the probability went the wrong way."""
    name = test.must_not_raise or test.must_not_lower
    column = answers.probabilities[:, answers.classes.index(str(name))]
    change: Floats = column[rows] - column[before]
    return change if test.must_not_raise is not None else -change


def _parts(cases: Sequence[Case], failed: Failed) -> tuple[Part, ...]:
    """By each slice that has more than one value."""
    counts: Mapping[str, dict[str, list[int]]] = defaultdict(dict)
    for case, wrong in zip(cases, failed, strict=True):
        for by, which in case.slices:
            here = counts[by].setdefault(which, [0, 0])
            here[0] += 1
            here[1] += int(wrong)
    told = [(by, values) for by, values in counts.items() if len(values) > 1]
    return tuple(Part(by, which, *numbers) for by, values in told for which, numbers in values.items())
