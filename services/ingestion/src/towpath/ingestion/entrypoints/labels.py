"""GET /v1/labels/agreement: do the raters agree, as of the last minute."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from towpath.core.errors import NotFoundError, RetryableError
from towpath.core.service import problems
from towpath.ingestion.adapters.labels import LabelFollower
from towpath.ingestion.domain.labels import LabelReport

__all__ = ["LabelsOut", "router"]

_MOST_RATERS, _MOST_REASONS = 1000, 20
_ERRORS = {
    401: "No accepted API key",
    404: "Ingestion has no objective of text classification, so there is nothing to measure by",
    503: "What was annotated before the start is still being read, or Kafka is away",
}


class _Out(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class EstimateOut(_Out):
    """Krippendorff's alpha with its bounds; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    documents: int = Field(description="with two ratings or more")
    ratings: int


class IccOut(_Out):
    """Intraclass correlation of grades: of one rater, and of the mean of a document's."""

    single: float | None
    mean: float | None


class RaterOut(_Out):
    rater: str
    ratings: int
    with_others: float | None = Field(description="correlation with the others' mean, or share of equal answers")
    bias: float | None = Field(description="by how much higher than the others, in grades")
    alpha_without: float | None = Field(description="alpha of all but this rater")
    lead_seconds: float | None = Field(description="median")


class WindowOut(_Out):
    start: float = Field(description="Unix seconds")
    end: float
    alpha: EstimateOut


class AgreementOut(_Out):
    scale: str
    floor: float
    confidence: float
    met: bool = Field(description="the lower bound reaches the objective's floor")
    documents: int
    ratings: int
    raters: int
    alpha: EstimateOut
    icc: IccOut | None
    mean_kappa: float | None
    classes: dict[str, EstimateOut]
    by_rater: list[RaterOut] = Field(description=f"at most {_MOST_RATERS}, those with most ratings")
    by_guide: dict[str, EstimateOut]
    over_time: list[WindowOut]


class LabelsOut(_Out):
    """What raters said so far, and whether they agree."""

    as_of: datetime
    objective_hash: str
    share: float = Field(description="of the documents that was looked at; less than 1 beyond the limit in memory")
    annotations: int = Field(description="that count")
    withdrawn: int
    refused: dict[str, int] = Field(description="that the objective has no use for, by reason")
    waiting: int | None = Field(description="of documents that have not come yet; null where that is not known")
    agreement: AgreementOut


def router(follower: LabelFollower | None) -> APIRouter:
    """The one route."""
    api = APIRouter(prefix="/v1", tags=["labels"])

    @api.get(
        "/labels/agreement",
        operation_id="get_agreement",
        summary="Do the raters agree",
        description="Measured again when annotations have come, but not more often than the settings say.",
        response_model=LabelsOut,
        responses=problems(_ERRORS),
    )
    def agreement() -> LabelsOut:
        if follower is None:
            raise NotFoundError("nothing to measure by: set TOWPATH_OBJECTIVE to an objective of text classification")
        if follower.latest is None:
            raise RetryableError(follower.reason)
        return _out(*follower.latest)

    return api


def _out(report: LabelReport, as_of: datetime) -> LabelsOut:
    agreement = report.agreement.to_dict(pairs=False)
    agreement["by_rater"] = sorted(agreement["by_rater"], key=lambda each: -each["ratings"])[:_MOST_RATERS]
    reasons = sorted(report.refused.items(), key=lambda each: -each[1])
    refused = dict(reasons[:_MOST_REASONS])
    if more := sum(count for _, count in reasons[_MOST_REASONS:]):
        refused["other reasons"] = more
    return LabelsOut(
        as_of=as_of,
        objective_hash=report.objective_hash,
        share=report.share,
        annotations=report.annotations,
        withdrawn=report.withdrawn,
        refused=refused,
        waiting=report.waiting,
        agreement=AgreementOut.model_validate(agreement),
    )
