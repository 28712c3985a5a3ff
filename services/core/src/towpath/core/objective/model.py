"""The objective as values: ten boxes that a business reads, and a contract that programs obey.

The contract's kind of task decides what its errors are and how they are priced.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from towpath.core.errors import RejectedError
from towpath.core.objective.behaviour import Suite
from towpath.core.objective.costs import Costs
from towpath.core.objective.parts import (
    Agreement,
    Canvas,
    ClassReadiness,
    DataQuality,
    Delivery,
    Labels,
    Monitoring,
    OpenReadiness,
    Part,
    Readiness,
    Retraining,
)
from towpath.core.objective.tasks import (
    Above,
    AnswerCosts,
    Below,
    ClassCosts,
    EntityCosts,
    EntityExtraction,
    Grades,
    Kind,
    QuestionAnswering,
    SearchCosts,
    SemanticSearch,
    TextClassification,
)

__all__ = [
    "KINDS",
    "Above",
    "Agreement",
    "AnswerContract",
    "Below",
    "Canvas",
    "ClassContract",
    "Contract",
    "DataQuality",
    "Delivery",
    "EntityContract",
    "Grades",
    "Labels",
    "Objective",
    "Readiness",
    "SearchContract",
    "kind_of",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_FIRST_KIND: Kind = "text-classification"


class _Contract(Part):
    labels: Labels = Field(Labels(), description="when labels are good enough to be released")
    data_quality: DataQuality = Field(DataQuality(), description="limits on documents and data sets")
    monitoring: Monitoring = Field(Monitoring(), description="what is watched in use")
    retraining: Retraining = Field(Retraining(), description="when to train again")
    delivery: Delivery = Field(Delivery(), description="how predictions and releases get to where they are used")


class ClassContract(_Contract):
    """Text classification: what programs obey."""

    task: TextClassification = Field(description="what is to be told of a document")
    costs: ClassCosts = Field(description="what errors cost, and asking a person")
    readiness: ClassReadiness = Field(ClassReadiness(), description="what a model must prove before it is released")
    behaviour: Suite | None = Field(
        None, description="tests of what a model makes of made-up and changed texts, which the gate obeys; absent: none"
    )


class EntityContract(_Contract):
    """Entity extraction: what programs obey."""

    task: EntityExtraction = Field(description="what is to be found in a document")
    costs: EntityCosts = Field(description="what errors cost, and asking a person")
    readiness: OpenReadiness = Field(OpenReadiness(), description="what a model must prove before it is released")


class AnswerContract(_Contract):
    """Question answering: what programs obey."""

    task: QuestionAnswering = Field(description="what is to be answered")
    costs: AnswerCosts = Field(description="what errors cost, and asking a person")
    readiness: OpenReadiness = Field(OpenReadiness(), description="what a model must prove before it is released")


class SearchContract(_Contract):
    """Semantic search: what programs obey."""

    task: SemanticSearch = Field(description="what is to be found for a query")
    costs: SearchCosts = Field(description="what errors cost, and asking a person")
    readiness: OpenReadiness = Field(OpenReadiness(), description="what a model must prove before it is released")


def kind_of(contract: Any) -> str:
    """The kind to check a contract by: its own or the nearest, so that all other mistakes are found with that one."""
    task = contract.get("task") if isinstance(contract, Mapping) else getattr(contract, "task", None)
    kind = str(task.get("kind") if isinstance(task, Mapping) else getattr(task, "kind", ""))
    if kind in KINDS:
        return kind
    return next(iter(difflib.get_close_matches(kind, KINDS, n=1)), _FIRST_KIND)


Contract = Annotated[
    Annotated[ClassContract, Tag("text-classification")]
    | Annotated[EntityContract, Tag("entity-extraction")]
    | Annotated[AnswerContract, Tag("question-answering")]
    | Annotated[SearchContract, Tag("semantic-search")],
    Discriminator(kind_of),
]


class Objective(Part):
    """One file that drives the whole path."""

    model_config = ConfigDict(title="Towpath objective")

    version: Literal[1] = Field(description="of this format")
    name: Name = Field(description="lower case letters, digits and hyphens; models and alerts go by it")
    canvas: Canvas = Field(description="ten sentences for people")
    contract: Contract = Field(description="what programs obey")

    @model_validator(mode="after")
    def _consistent(self) -> Objective:
        from towpath.core.objective.check import inconsistencies, packed

        found = inconsistencies(self)
        if found:
            raise ValueError(packed(found))
        return self

    @property
    def kind(self) -> Kind:
        return self.contract.task.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """Raises RejectedError when the task has none."""
        return self._classification().task.classes

    @property
    def grades(self) -> Grades | None:
        """Raises RejectedError when the task has no classes."""
        return self._classification().task.grades

    @property
    def behaviour(self) -> Suite | None:
        """Raises RejectedError when the task has no classes."""
        return self._classification().behaviour

    @property
    def unit(self) -> str:
        return self.contract.costs.unit

    @property
    def ask_person(self) -> float | None:
        return self.contract.costs.ask_person

    @cached_property
    def costs(self) -> Costs:
        """Raises RejectedError when the task has no classes."""
        table = self._classification().costs.matrix
        rows = [[table[truth][decision] for decision in self.classes] for truth in self.classes]
        return Costs.of(rows, self.ask_person)

    def class_of_grade(self, grade: float) -> str:
        """Raises ValueError when the task has no grades, or the grade is outside of them."""
        if self.grades is None:
            raise ValueError("the objective's task has no grades")
        return self.grades.class_of(grade)

    @cached_property
    def hash(self) -> str:
        """Content hash of what programs obey: name and contract. Canvas, comments and layout do not count."""
        data = {"version": self.version, "name": self.name, "contract": self._dump()["contract"]}
        return "sha256:" + hashlib.sha256(_canonical(data).encode()).hexdigest()

    def to_json(self) -> str:
        """Canonical JSON: the same objective is the same bytes."""
        return _canonical(self._dump())

    @classmethod
    def from_json(cls, text: str) -> Objective:
        """Raises pydantic.ValidationError."""
        return cls.model_validate_json(text)

    def _classification(self) -> ClassContract:
        if isinstance(self.contract, ClassContract):
            return self.contract
        raise RejectedError(
            f"this takes objectives of text classification only, and {self.name} is one of {self.kind} "
            "(contract.task.kind); check, explain, diff and render take all kinds"
        )

    def _dump(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def _canonical(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
