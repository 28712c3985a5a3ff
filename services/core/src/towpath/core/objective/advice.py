"""What is allowed in an objective and yet hardly meant: warnings, each with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from towpath.core.objective.check import Found
from towpath.core.objective.costs import Costs
from towpath.core.objective.model import ClassContract, Objective
from towpath.core.objective.parts import Retraining
from towpath.core.objective.periods import seconds_of
from towpath.core.objective.thresholds import acting

__all__ = ["doubts"]

_SURE = 0.999  # no model is calibrated as finely as that
_FOR_CLASSES = ("min_documents_per_class", "max_class_imbalance")


def doubts(objective: Objective) -> list[Found]:
    """(path, message) of each."""
    contract = objective.contract
    found = [*_unwritten(objective), *_free(objective), *_retraining(contract.retraining)]
    if isinstance(contract, ClassContract):
        found += [*_person(objective), *_never_decided(objective), *_raters(contract)]
    else:
        found += _for_classes(objective)
    return found


def _person(objective: Objective) -> Iterator[Found]:
    costs, path = objective.costs, ("contract", "costs", "askPerson")
    if costs.ask_person is None:
        return
    unsure = [name for name, each in zip(objective.classes, acting(costs), strict=True) if each.always_from > _SURE]
    price = f"{costs.ask_person:g} {objective.unit}"
    if len(unsure) == len(objective.classes):
        yield path, f"{price} is so cheap that a person is asked about almost everything: check it against the matrix"
    elif unsure:
        told = ", ".join(map(repr, unsure))
        yield path, f"{price} is so cheap that {told} is hardly ever decided: check it against the matrix"
    if costs.ask_person >= costs.matrix.max(axis=0).min():
        yield path, f"{price} is so dear that nobody is ever asked: lower it, or remove it"


def _never_decided(objective: Objective) -> Iterator[Found]:
    """A class whose every cost is at least another's: Elkan's (2001) second condition of reasonableness."""
    costs: Costs = objective.costs
    for first, second in combinations(range(len(objective.classes)), 2):
        a, b = costs.matrix[:, first], costs.matrix[:, second]
        for loser, winner, more, less in ((second, first, b, a), (first, second, a, b)):
            # Of equals the class named first is decided.
            if (more >= less).all() and (loser > winner or bool(np.any(more > less))):
                names = objective.classes[loser], objective.classes[winner]
                yield ("contract", "costs", "matrix"), "{!r} is never decided: {!r} is never dearer".format(*names)
                break


def _raters(contract: ClassContract) -> Iterator[Found]:
    labels = contract.labels
    if labels.agreement.floor > 0 and labels.min_raters_per_document == 1:
        path = ("contract", "labels", "agreement", "floor")
        yield path, "agreement is known of documents with two raters at least: raise minRatersPerDocument to 2 or more"


def _unwritten(objective: Objective) -> Iterator[Found]:
    boxes = objective.canvas.model_dump(by_alias=True)
    todo = [key for key, text in boxes.items() if text.startswith("To be written")]
    if todo:
        yield ("canvas", todo[0]), f"the canvas is not written yet: {', '.join(todo)}"


def _retraining(policy: Retraining) -> Iterator[Found]:
    path = ("contract", "retraining")
    if policy.every is not None and seconds_of(policy.every) < seconds_of(policy.cooldown):
        yield (*path, "every"), f"{policy.every} is shorter than cooldown ({policy.cooldown}), which decides: raise it"
    if policy.min_new_documents > policy.new_annotated_documents:
        enough = f"newAnnotatedDocuments ({policy.new_annotated_documents}) start a run before"
        yield (*path, "minNewDocuments"), f"{policy.min_new_documents} are never waited for: {enough}; lower it"


def _free(objective: Objective) -> Iterator[Found]:
    costs = objective.contract.costs.model_dump(exclude={"unit", "ask_person"})
    if not any(_numbers(costs)):
        yield ("contract", "costs"), "no error costs anything: every decision is as good as any other"


def _numbers(data: object) -> Iterator[float]:
    if isinstance(data, dict):
        for each in data.values():
            yield from _numbers(each)
    elif isinstance(data, float):
        yield data


def _for_classes(objective: Objective) -> Iterator[Found]:
    quality = objective.contract.data_quality
    for name in _FOR_CLASSES:
        if name in quality.model_fields_set:
            key = type(quality).model_fields[name].alias or name
            yield ("contract", "dataQuality", key), f"is for text-classification; {objective.kind} does not read it"
