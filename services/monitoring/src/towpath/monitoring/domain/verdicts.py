"""What a rollout has shown, for people: figures, and a sentence."""

from __future__ import annotations

from pydantic import Field

from towpath.core.objective.parts import Rollout as Rule
from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.trial import Evidence, Mode, Verdict

__all__ = ["Shown", "explanation", "shown"]


class Shown(Answer):
    """The running rollout in its present mode. Costs are of a document, in the unit."""

    rollout_id: str = Field(examples=["rol-01JD9A2B"])
    model_name: str = Field(examples=["tweet-sentiment"])
    challenger: str = Field(description="its release")
    champion: str = Field(description="the release that reigns")
    mode: Mode
    share: float = Field(description="of the documents that the challenger answers in a canary, 0 to 1")
    documents: int = Field(description="with feedback, since the mode or share last changed")
    difference: float = Field(description="the challenger's cost less the champion's")
    lower: float = Field(description="its lower bound, which holds at any moment; before the first document, the least")
    upper: float = Field(description="its upper bound")
    unit: str = Field(examples=["EUR"])
    verdict: Verdict
    explanation: str = Field(description="all this in a sentence")


def shown(evidence: Evidence, rule: Rule, unit: str) -> Shown:
    """What is told of it over HTTP."""
    phase = evidence.phase
    return Shown(
        rollout_id=phase.rollout_id,
        model_name=phase.model_name,
        challenger=phase.challenger,
        champion=phase.champion,
        mode=phase.mode,
        share=phase.share,
        documents=evidence.documents,
        difference=evidence.difference,
        lower=evidence.lower,
        upper=evidence.upper,
        unit=unit,
        verdict=evidence.verdict,
        explanation=explanation(evidence, rule, unit),
    )


def explanation(evidence: Evidence, rule: Rule, unit: str) -> str:
    """The figures, what follows from them, and why."""
    if evidence.documents == 0:
        return f"no document with feedback yet: decided from {rule.min_documents} on."
    lower, upper = evidence.lower, evidence.upper
    bounds = f"{_side(lower)} to {_side(upper)}" if (lower < 0) != (upper < 0) else _both(lower, upper)
    return (
        f"{_documents(evidence.documents)} with feedback: the challenger costs {_costs(evidence.difference, unit)} "
        f"({bounds}, {100 * rule.confidence:g} % at any moment): {_therefore(evidence, rule, unit)}."
    )


def _documents(count: int) -> str:
    return f"{count} document" if count == 1 else f"{count} documents"


def _costs(difference: float, unit: str) -> str:
    if difference == 0:
        return "as much"
    return f"{_amount(difference)} {unit} a document {'less' if difference < 0 else 'more'}"


def _both(lower: float, upper: float) -> str:
    small, large = sorted((abs(lower), abs(upper)))
    return f"{_amount(small)} to {_amount(large)} {'less' if lower < 0 else 'more'}"


def _side(value: float) -> str:
    return f"{_amount(value)} {'less' if value < 0 else 'more'}"


def _amount(value: float) -> str:
    return f"{abs(value):.3f}" if value == 0 or abs(value) >= 0.001 else f"{abs(value):.2g}"


def _therefore(evidence: Evidence, rule: Rule, unit: str) -> str:
    allowed = f", as it may cost {rule.margin:g} {unit} more" if rule.margin else ""
    if evidence.verdict == "promote":
        return "promote" + (allowed if evidence.upper > 0 else "")
    if evidence.exhausted:
        return f"not decided after {rule.max_documents}, the most that the objective allows, so roll back"
    if evidence.verdict == "roll-back":
        return "roll back"
    if evidence.documents < rule.min_documents:
        return f"decided from {rule.min_documents} on"
    return "not decided yet"
