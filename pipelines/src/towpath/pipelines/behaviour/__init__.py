"""Behaviour tests of a model: cases from a suite, a model asked, and what follows.

Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ACL 2020. Making cases and judging
answers is pure; a model is whatever gives probabilities for texts.
"""

from towpath.pipelines.behaviour.cases import Case, Labelled, cases_of
from towpath.pipelines.behaviour.checking import Asked, check
from towpath.pipelines.behaviour.examples import Example
from towpath.pipelines.behaviour.judging import Part, Result, Verdict
from towpath.pipelines.behaviour.report import Report, refusals

__all__ = [
    "Asked",
    "Case",
    "Example",
    "Labelled",
    "Part",
    "Report",
    "Result",
    "Verdict",
    "cases_of",
    "check",
    "refusals",
]
