"""Kinds of task, each with the table of what its errors cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from towpath.core.objective.parts import ClassName, Part

__all__ = [
    "Above",
    "AnswerCosts",
    "Below",
    "ClassCosts",
    "EntityCosts",
    "EntityExtraction",
    "EntityPrices",
    "Grades",
    "Kind",
    "QuestionAnswering",
    "SearchCosts",
    "SemanticSearch",
    "TextClassification",
]

Kind = Literal["text-classification", "entity-extraction", "question-answering", "semantic-search"]
Price = Annotated[float, Field(ge=0)]


class Below(Part):
    """A class at or below a grade."""

    at_most: float = Field(description="the mean grade is at most this")


class Above(Part):
    """A class at or above a grade."""

    at_least: float = Field(description="the mean grade is at least this")


class Grades(BaseModel):
    """How a mean grade becomes a class: one class at or below a grade, one at or above, one otherwise."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Below | Above] = Field(init=False)

    min: float = Field(description="the lowest grade that a rater can give")
    max: float = Field(description="the highest grade that a rater can give")
    otherwise: ClassName = Field(description="the class of all other grades")

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


class TextClassification(Part):
    """Each document has one of the classes."""

    kind: Literal["text-classification"] = Field(description="each document has one of the classes")
    classes: tuple[ClassName, ...] = Field(
        min_length=2, max_length=100, description="their names; the order counts where classes are ranked or tie"
    )
    grades: Grades | None = Field(None, description="where raters give grades: how a mean grade becomes a class")


class EntityExtraction(Part):
    """Spans of a document, each of one type."""

    kind: Literal["entity-extraction"] = Field(description="spans of a document, each of one type")
    entities: tuple[ClassName, ...] = Field(min_length=1, max_length=100, description="the types: person, place, …")


class QuestionAnswering(Part):
    """The span of a document that answers a question, or that there is none."""

    kind: Literal["question-answering"] = Field(description="the span that answers a question, or that there is none")


class SemanticSearch(Part):
    """The documents that a query is about, best first."""

    kind: Literal["semantic-search"] = Field(description="the documents that a query is about, best first")
    results: int = Field(10, ge=1, le=1000, description="how many a query is shown")


class _Priced(Part):
    unit: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,16}$")] = Field(
        description="what costs are counted in: EUR, minutes"
    )
    ask_person: Price | None = Field(
        None, description="what it costs to let a person decide; absent: nobody can be asked"
    )


class ClassCosts(_Priced):
    """What it costs to act on a class when the truth is another."""

    matrix: dict[ClassName, dict[ClassName, Price]] = Field(description="cost[truth][decision] of one document")


class EntityPrices(Part):
    """What errors about entities of one type cost, each entity."""

    missed: Price = Field(description="an entity that is not found")
    spurious: Price = Field(description="an entity is found where none is")
    wrong_type: Price = Field(description="found, and taken for another type")
    wrong_boundary: Price = Field(description="found, with a word too many or too few")


class EntityCosts(_Priced):
    """What errors about entities cost."""

    entities: dict[ClassName, EntityPrices] = Field(description="prices of errors, by type")


class AnswerCosts(_Priced):
    """What errors of answers cost, each question."""

    wrong: Price = Field(description="an answer is given, and it is wrong")
    missed: Price = Field(description="no answer is given, though the text has one")
    answered_unanswerable: Price = Field(description="an answer is given, though the text has none")


class SearchCosts(_Priced):
    """What errors of a search cost, each query."""

    missed_relevant: Price = Field(description="a document that the query is about is not shown")
    shown_irrelevant: Price = Field(description="a document is shown that the query is not about")
