"""What predictions are worth, for people."""

from __future__ import annotations

from pydantic import Field

from towpath.monitoring.domain.answers import Answer

__all__ = ["Estimated", "Extra", "FromFeedback", "Interval", "LabelShift", "Release", "Slice", "Worth"]


class Interval(Answer):
    """A mean and its bounds."""

    mean: float
    lower: float
    upper: float


class FromFeedback(Answer):
    """Of all documents with feedback, by their first truth. Each interval holds at any moment, 95 %."""

    documents: int
    changed: int = Field(description="whose truth was told anew later; these figures keep the first")
    accuracy: Interval = Field(description="share of right classes")
    macro_f1: Interval = Field(alias="macroF1")
    calibration_error: Interval = Field(description="expected calibration error of the most probable class")
    realised_cost: Interval = Field(description="of a document, in the unit")
    promised_cost: float = Field(description="that their predictions expected")


class Slice(Answer):
    """Of documents of a kind that predictions tell. All intervals of all slices hold together, 95 %, a figure."""

    by: str = Field(description="class, decision or tokens", examples=["class"])
    value: str = Field(examples=["negative"])
    documents: int
    accuracy: Interval
    realised_cost: Interval


class Estimated(Answer):
    """Of the last documents, labelled or not: what probabilities promise, corrected by labels. 95 %, at one moment."""

    documents: int
    labelled: int
    promised: float = Field(description="by probabilities alone")
    mean: float
    lower: float
    upper: float
    unlabelled_share: float = Field(description="of the documents, in strata (decision and class) without any label")
    trusted: bool
    explanation: str = Field(description="why it is trusted, or not")


class LabelShift(Answer):
    """How frequent classes are now, told by probabilities alone; right where documents of a class are as they were."""

    before: dict[str, float] = Field(description="share of each class where the release was judged")
    now: dict[str, float]
    promised_cost: float = Field(description="of a document, as its probabilities expect it")
    cost: Interval = Field(description="as expected with these shares")


class Extra(Answer):
    """Cost of a document that was acted on, beyond the documents that the release was judged on."""

    documents: int = Field(description="with feedback, since then")
    mean: float
    lower: float = Field(description="with the error that the budget of false alarms allows, at any moment")
    upper: float
    began_at: float = Field(description="seconds since the epoch: from then on it shows most")
    firing: bool


class Release(Answer):
    """Of one release; what is not known is null."""

    release_id: str
    reigns: bool
    feedback: FromFeedback | None
    slices: list[Slice]
    cost: Estimated | None = Field(description="of a document, in the unit")
    accuracy: Estimated | None
    label_shift: LabelShift | None
    extra_cost: Extra | None


class Worth(Answer):
    """Of every release that is remembered, the latest last."""

    objective: str
    unit: str
    releases: list[Release]
