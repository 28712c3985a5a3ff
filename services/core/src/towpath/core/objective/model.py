"""The objective as values: ten boxes that a business reads, and a contract that programs obey.

Names are camelCase in the file and snake_case here. Unknown keys are refused.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from towpath.core.objective.costs import Costs

__all__ = ["Agreement", "Canvas", "Contract", "DataQuality", "Grades", "Labels", "Objective", "Readiness"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
ClassName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,64}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, allow_inf_nan=False
    )


class Canvas(_Part):
    """The machine learning canvas (Dorard): what for, for whom, from what, judged how."""

    value_proposition: Text = Field(description="Who gains what from it")
    ml_task: Text = Field(description="Input, output, kind of problem")
    decisions: Text = Field(description="What is done with a prediction")
    making_predictions: Text = Field(description="When, how fast, on what")
    data_sources: Text = Field(description="Where raw data come from")
    collecting_data: Text = Field(description="How new inputs and labels are got")
    features: Text = Field(description="What the model sees")
    building_models: Text = Field(description="How many, when trained again")
    offline_evaluation: Text = Field(description="How it is judged before release")
    live_evaluation: Text = Field(description="How its value is measured in use")


class Below(_Part):
    at_most: float


class Above(_Part):
    at_least: float


class Grades(BaseModel):
    """How a mean grade becomes a class: one class at or below a grade, one at or above, one otherwise."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Below | Above] = Field(init=False)

    min: float
    max: float
    otherwise: ClassName

    @property
    def bounds(self) -> dict[str, Below | Above]:
        """Bound by class, in the file's order."""
        return dict(self.__pydantic_extra__)

    def class_of(self, grade: float) -> str:
        """Raises ValueError for a grade outside [min, max]."""
        if not self.min <= grade <= self.max:
            raise ValueError(f"grade {grade!r} is not within {self.min:g} to {self.max:g}")
        for name, bound in self.bounds.items():
            if grade <= bound.at_most if isinstance(bound, Below) else grade >= bound.at_least:
                return name
        return self.otherwise


class Task(_Part):
    kind: Literal["text-classification"]
    classes: tuple[ClassName, ...] = Field(min_length=2, max_length=100)
    grades: Grades | None = None


class CostTable(_Part):
    unit: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,16}$")]
    matrix: dict[ClassName, dict[ClassName, Annotated[float, Field(ge=0)]]] = Field(
        description="cost[truth][decision] of one document"
    )
    ask_person: Annotated[float, Field(ge=0)] | None = Field(
        None, description="what it costs to let a person decide; absent: nobody can be asked"
    )


class Agreement(_Part):
    """The floor under agreement: the lower confidence bound of Krippendorff's alpha must reach it."""

    scale: Literal["nominal", "ordinal", "interval"] = Field(
        "nominal",
        description="how far answers are apart: classes, ranked classes (in the order of task.classes), grades",
    )
    floor: float = Field(
        0.0, ge=-1, le=1, description="0.667 allows tentative conclusions, 0.8 firm ones (Krippendorff)"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1)
    bootstrap_samples: int = Field(1000, ge=100, le=100_000)


class Review(_Part):
    """Suspected label errors, ranked: a second look confirms or corrects them before labels are released."""

    queue_share: float = Field(0.02, ge=0, le=1, description="of the documents, the most suspicious ones")
    min_reviewed_share: float = Field(0.0, ge=0, le=1, description="of that queue")


class Labels(_Part):
    guide: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        None, description="the labelling guide, Markdown, beside this file"
    )
    min_raters_per_document: int = Field(1, ge=1)
    agreement: Agreement = Agreement()
    review: Review = Review()
    evaluation_share: float = Field(
        0.2, gt=0, lt=1, description="of what is labelled next, drawn at random for unbiased evaluation"
    )
    renamed: dict[ClassName, ClassName] = Field(
        default_factory=dict, description="old name of a class by which annotations may still go: its name now"
    )


class PersonalData(_Part):
    look_for: tuple[Literal["e-mail", "phone", "card"], ...] = ("e-mail", "phone", "card")
    action: Literal["flag", "mask"] = Field(
        "flag", description="flag: reported, kept as it is; mask: replaced before a document goes to Kafka"
    )
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="whose phone numbers are written without a country code, ISO 3166: US; absent: only +49 …"
    )


class DataQuality(_Part):
    """Limits; a share is of the documents that were looked at, 0 to 1."""

    min_document_chars: int = Field(1, ge=1)
    max_document_chars: int = Field(10_000, ge=1, le=1_000_000)
    min_documents: int = Field(500, ge=1)
    min_documents_per_class: int = Field(20, ge=1)
    max_class_imbalance: float = Field(
        100.0, ge=1, description="documents of the largest class for one of the smallest"
    )
    languages: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        (), description="ISO 639; empty: any"
    )
    max_other_language_share: float = Field(0.2, ge=0, le=1)
    max_mojibake_share: float = Field(0.01, ge=0, le=1, description="texts decoded wrongly, or with escapes left in")
    max_duplicate_share: float = Field(0.1, ge=0, le=1, description="the same text again")
    near_duplicate_similarity: float = Field(0.8, ge=0.5, le=1, description="Jaccard similarity of word shingles")
    max_near_duplicate_share: float = Field(0.1, ge=0, le=1)
    max_leakage_share: float = Field(0.01, ge=0, le=1, description="of the test documents, also in training")
    max_conflict_share: float = Field(0.02, ge=0, le=1, description="the same text with different labels")
    personal_data: PersonalData = PersonalData()
    max_age: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[hdw]$")] | None = Field(
        None, description="of the newest document; absent: never stale"
    )
    max_skew: float = Field(
        0.25, ge=0, description="between training and serving: population stability index of lengths, languages, words"
    )


class Readiness(_Part):
    """The gate: passes when the upper confidence bound of (candidate - baseline) cost is below -margin."""

    metric: Literal["expected-cost"] = "expected-cost"
    confidence: float = Field(0.95, gt=0.5, lt=1)
    margin: float = Field(0.0, ge=0, description="by how much a document must become cheaper, in the unit")
    baselines: tuple[Literal["majority", "vader", "ask-person"], ...] = ("majority",)
    min_test_documents: int = Field(200, ge=1)
    bootstrap_samples: int = Field(2000, ge=200, le=100_000)


class FalseAlarms(_Part):
    budget: int = Field(1, ge=0)
    period: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[hdw]$")] = "90d"


class Monitoring(_Part):
    false_alarms: FalseAlarms = FalseAlarms()


class Retraining(_Part):
    new_annotated_documents: int = Field(500, ge=1)


class Contract(_Part):
    task: Task
    costs: CostTable
    labels: Labels = Labels()
    data_quality: DataQuality = DataQuality()
    readiness: Readiness = Readiness()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()


class Objective(_Part):
    """One file that drives the whole path."""

    model_config = ConfigDict(title="Towpath objective")

    version: Literal[1]
    name: Name
    canvas: Canvas
    contract: Contract

    @model_validator(mode="after")
    def _consistent(self) -> Objective:
        from towpath.core.objective.check import inconsistencies

        found = inconsistencies(self)
        if found:
            raise ValueError("\n".join(f"{path}\t{message}" for path, message in found))
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        return self.contract.task.classes

    @property
    def unit(self) -> str:
        return self.contract.costs.unit

    @property
    def ask_person(self) -> float | None:
        return self.contract.costs.ask_person

    @cached_property
    def costs(self) -> Costs:
        table = self.contract.costs.matrix
        rows = [[table[truth][decision] for decision in self.classes] for truth in self.classes]
        return Costs.of(rows, self.ask_person)

    def class_of_grade(self, grade: float) -> str:
        """Raises ValueError when the task has no grades, or the grade is outside of them."""
        if self.contract.task.grades is None:
            raise ValueError("the objective's task has no grades")
        return self.contract.task.grades.class_of(grade)

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

    def _dump(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def _canonical(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
