"""What all drawings share: the ten boxes in Dorard's order, and what is said of the costs."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from towpath.cli.explaining.explanation import explain, percent
from towpath.core.objective import Canvas, Objective
from towpath.core.objective.phrases import CANVAS
from towpath.core.objective.thresholds import acting_on_findings

__all__ = ["Box", "boxes", "clean", "good_enough", "price_of_asking"]

Side = Literal["predict", "value", "learn", "live"]
# Prediction on the left, value in the middle, learning on the right, and below how it is watched.
_ORDER: tuple[tuple[str, Side], ...] = (
    ("decisions", "predict"),
    ("ml_task", "predict"),
    ("value_proposition", "value"),
    ("data_sources", "learn"),
    ("collecting_data", "learn"),
    ("making_predictions", "predict"),
    ("offline_evaluation", "predict"),
    ("features", "learn"),
    ("building_models", "learn"),
    ("live_evaluation", "live"),
)

_SHOWN = 6


@dataclass(frozen=True)
class Box:
    """`hint` is what the box is for."""

    name: str
    side: Side
    title: str
    hint: str
    text: str


def boxes(canvas: Canvas) -> list[Box]:
    """Row by row, as they lie on the canvas."""
    fields = Canvas.model_fields
    return [
        Box(name, side, CANVAS[name], fields[name].description or "", clean(getattr(canvas, name)))
        for name, side in _ORDER
    ]


def price_of_asking(objective: Objective) -> str:
    if objective.ask_person is None:
        return "Nobody can be asked."
    return f"Asking a person costs {objective.ask_person:g} {objective.unit}."


def good_enough(objective: Objective, shares: Sequence[float] | None = None) -> list[str]:
    """How good is good enough, in a few sentences."""
    if objective.kind != "text-classification":
        return [
            f"{what} pays from a probability of {percent(p)} on that it is right."
            for what, p in acting_on_findings(objective)
        ]
    found = explain(objective, shares)
    said = [sentence for sentence in found.verdict if not sentence.startswith("A model that knows")]
    if objective.ask_person is not None:
        acts = [
            f"{name} from {percent(each.always_from)}"
            for name, each in zip(objective.classes, found.acting, strict=True)
            if math.isfinite(each.always_from) and each.always_from <= 1
        ]
        if acts:
            shown = ", ".join(acts[:_SHOWN]) + (f" and {len(acts) - _SHOWN} more" if len(acts) > _SHOWN else "")
            said.append(f"It acts where it is sure enough, and asks a person otherwise: {shown}.")
    if shares is None:
        return [*said, "Reckoned as if all classes occurred alike."]
    told = ", ".join(f"{name} {percent(share)}" for name, share in zip(objective.classes, found.shares, strict=True))
    return [*said, f"Reckoned for {told}."]


def clean(text: str) -> str:
    """Without what no page, picture or terminal may be given."""
    return "".join(" " if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Cn") else each for each in text)
