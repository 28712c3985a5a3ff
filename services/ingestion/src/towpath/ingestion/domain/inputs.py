"""What callers may send: strict shapes in proto3's canonical JSON names, with limits on everything."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

__all__ = ["AnnotationIn", "ClassLabelIn", "DocumentIn", "EntitySpanIn", "EntitySpansIn", "FeedbackIn"]

_NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
Name = Annotated[str, StringConstraints(pattern=_NO_CONTROL, max_length=200)]
RequiredName = Annotated[str, StringConstraints(pattern=_NO_CONTROL, min_length=1, max_length=200)]
ClassName = Annotated[str, StringConstraints(pattern=_NO_CONTROL, min_length=1, max_length=64)]


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={"examples": [example]},
    )


class ClassLabelIn(BaseModel):
    """A class, a grade on the objective's scale, or both."""

    model_config = _config({"label": "negative", "score": -2.0})

    label: ClassName | None = None
    score: float | None = Field(None, ge=-1e9, le=1e9)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.label is None and self.score is None:
            raise ValueError("give a label, a score, or both")
        return self


class DocumentIn(BaseModel):
    """A text that a prediction is wanted for, or that somebody annotates."""

    model_config = _config({"text": "Great service!", "source": "twitter", "language": "en"})

    text: str = Field(min_length=1, description="not blank")
    document_id: Id | None = Field(None, description="derived from source and text when absent")
    source: Name = ""
    created_at: AwareDatetime | None = Field(None, description="RFC 3339; the time of arrival when absent")
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,35}$")] = ""
    attributes: dict[Name, Annotated[str, StringConstraints(max_length=1000)]] = Field({}, max_length=32)

    @model_validator(mode="after")
    def _not_blank(self) -> Self:
        if not self.text.strip():
            raise ValueError("text is blank")
        return self


class EntitySpanIn(BaseModel):
    """Offsets count Unicode code points of the document's text, end exclusive."""

    model_config = _config({"start": 0, "end": 5, "label": "person"})

    start: int = Field(0, ge=0, lt=2**32)
    end: int = Field(gt=0, lt=2**32)
    label: Annotated[str, StringConstraints(pattern=_NO_CONTROL, min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError("the end of a span is not beyond its start")
        return self


class EntitySpansIn(BaseModel):
    """No spans at all: the rater found none."""

    model_config = _config({"spans": [{"start": 0, "end": 5, "label": "person"}]})

    spans: list[EntitySpanIn] = Field([], max_length=10_000)


class AnnotationIn(BaseModel):
    """What one rater said of one document. Sent again under the same id, the greatest `updatedAt` counts."""

    model_config = _config({"documentId": "doc-1", "raterId": "rater-17", "classLabel": {"score": -2.0}})

    document_id: Id | None = Field(None, description="may be absent where `deleted` is true")
    rater_id: Name = Field("", description="may be absent where `deleted` is true")
    class_label: ClassLabelIn | None = None
    entities: EntitySpansIn | None = None
    annotation_id: Id | None = Field(None, description="derived from document, rater and label when absent")
    guide_version: Name = ""
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = Field(None, description="when it was last changed; created_at when absent")
    deleted: bool = Field(False, description="it was taken back and no longer counts")
    lead_seconds: float | None = Field(None, ge=0, le=1e9, description="that the rater spent on it")
    source: Name = Field("", description="where it was made, for example label-studio/3")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.class_label is not None and self.entities is not None:
            raise ValueError("give either classLabel or entities")
        if self.deleted:
            if self.annotation_id is None:
                raise ValueError("which annotation is taken back? give annotationId")
            return self
        if self.document_id is None:
            raise ValueError("documentId is wanted")
        if not self.rater_id:
            raise ValueError("raterId is wanted")
        if self.class_label is None and self.entities is None:
            raise ValueError("classLabel or entities is wanted")
        return self


class FeedbackIn(BaseModel):
    """The truth about a document, learned after its prediction."""

    model_config = _config({"documentId": "doc-1", "source": "agent-17", "classLabel": {"label": "negative"}})

    document_id: Id
    source: RequiredName
    class_label: ClassLabelIn
    feedback_id: Id | None = Field(None, description="derived from document, source and truth when absent")
    prediction_id: Id | None = None
    created_at: AwareDatetime | None = None
