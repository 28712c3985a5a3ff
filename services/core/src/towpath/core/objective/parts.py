"""What the objectives of all kinds of task have: the canvas, and what labels, data, gate and monitoring obey."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = [
    "Agreement",
    "Canvas",
    "ClassName",
    "ClassReadiness",
    "DataQuality",
    "Delivery",
    "FalseAlarms",
    "Int8",
    "Labels",
    "Monitoring",
    "Online",
    "OpenReadiness",
    "Part",
    "PersonalData",
    "Readiness",
    "Retraining",
    "Review",
    "Rollout",
]

ClassName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,64}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Period = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[hdw]$")]
Cause = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}/[^\x00-\x1f\x7f-\x9f]{0,200}$")]
Age = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[hdw]$")]


class Part(BaseModel):
    """Names are camelCase in the file and snake_case here. Unknown keys are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, allow_inf_nan=False
    )


class Canvas(Part):
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


class Agreement(Part):
    """The floor under agreement: the lower confidence bound of Krippendorff's alpha must reach it."""

    scale: Literal["nominal", "ordinal", "interval"] = Field(
        "nominal",
        description="how far answers are apart: classes, ranked classes (in the order of task.classes), grades",
    )
    floor: float = Field(
        0.0, ge=-1, le=1, description="0.667 allows tentative conclusions, 0.8 firm ones (Krippendorff)"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the lower bound, one-sided: 0.95")
    bootstrap_samples: int = Field(1000, ge=100, le=100_000, description="resamples that the bound is taken from")


class Review(Part):
    """Suspected label errors, ranked: a second look confirms or corrects them before labels are released."""

    queue_share: float = Field(0.02, ge=0, le=1, description="of the documents, the most suspicious ones")
    min_reviewed_share: float = Field(0.0, ge=0, le=1, description="of that queue")


class Labels(Part):
    """When labels are good enough to be released."""

    guide: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        None, description="the labelling guide, Markdown, beside this file"
    )
    min_raters_per_document: int = Field(1, ge=1, description="documents that fewer people rated are left out")
    agreement: Agreement = Field(Agreement(), description="how far raters must agree")
    review: Review = Field(Review(), description="the second look at suspected label errors")
    evaluation_share: float = Field(
        0.2, gt=0, lt=1, description="of what is labelled next, drawn at random for unbiased evaluation"
    )
    renamed: dict[ClassName, ClassName] = Field(
        default_factory=dict, description="old name of a class by which annotations may still go: its name now"
    )


class PersonalData(Part):
    """Personal data in texts."""

    look_for: tuple[Literal["e-mail", "phone", "card"], ...] = Field(
        ("e-mail", "phone", "card"),
        description="what is looked for: e-mail, phone, card (numbers that pass the check digit)",
    )
    action: Literal["flag", "mask"] = Field(
        "flag", description="flag: reported, kept as it is; mask: replaced before a document goes to Kafka"
    )
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="whose phone numbers are written without a country code, ISO 3166: US; absent: only +49 …"
    )


class DataQuality(Part):
    """Limits; a share is of the documents that were looked at, 0 to 1."""

    min_document_chars: int = Field(1, ge=1, description="shorter documents are refused")
    max_document_chars: int = Field(10_000, ge=1, le=1_000_000, description="longer documents are refused")
    min_documents: int = Field(500, ge=1, description="labelled documents that training needs")
    min_documents_per_class: int = Field(20, ge=1, description="the same of each class")
    max_class_imbalance: float = Field(
        100.0, ge=1, description="documents of the largest class for one of the smallest"
    )
    languages: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        (), description="ISO 639; empty: any"
    )
    max_other_language_share: float = Field(0.2, ge=0, le=1, description="documents in none of the languages")
    max_mojibake_share: float = Field(0.01, ge=0, le=1, description="texts decoded wrongly, or with escapes left in")
    max_duplicate_share: float = Field(0.1, ge=0, le=1, description="the same text again")
    near_duplicate_similarity: float = Field(0.8, ge=0.5, le=1, description="Jaccard similarity of word shingles")
    max_near_duplicate_share: float = Field(0.1, ge=0, le=1, description="texts at least as similar as that to another")
    max_leakage_share: float = Field(0.01, ge=0, le=1, description="of the test documents, also in training")
    max_conflict_share: float = Field(0.02, ge=0, le=1, description="the same text with different labels")
    personal_data: PersonalData = Field(PersonalData(), description="e-mail addresses, phone and card numbers")
    max_age: Age | None = Field(None, description="of the newest document: 90d, 12h or 4w; absent: never stale")
    max_skew: float = Field(
        0.25, ge=0, description="between training and serving: population stability index of lengths, languages, words"
    )


Baseline = Literal["majority", "vader", "ask-person", "nothing"]


class Readiness(Part):
    """The gate: passes when the upper confidence bound of (candidate - baseline) cost is below -margin."""

    metric: Literal["expected-cost"] = Field("expected-cost", description="what is compared: cost of a document")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the bound, one-sided: 0.95")
    margin: float = Field(0.0, ge=0, description="by how much a document must become cheaper, in the unit")
    baselines: tuple[Baseline, ...] = Field(("majority",), description="what to beat where no model reigns yet")
    min_test_documents: int = Field(200, ge=1, description="fewer decide nothing")
    bootstrap_samples: int = Field(2000, ge=200, le=100_000, description="resamples that the bound is taken from")


class ClassReadiness(Readiness):
    """The gate: passes when the upper confidence bound of (candidate - baseline) cost is below -margin."""

    baselines: tuple[Literal["majority", "vader", "ask-person"], ...] = Field(
        ("majority",), description="what to beat where no model reigns yet: majority, vader (needs grades), ask-person"
    )


class OpenReadiness(Readiness):
    """The gate: passes when the upper confidence bound of (candidate - baseline) cost is below -margin."""

    baselines: tuple[Literal["nothing", "ask-person"], ...] = Field(
        ("nothing",),
        description="what to beat where no model reigns yet: nothing (finds, answers, shows none), ask-person",
    )


class FalseAlarms(Part):
    """How often an alarm may be false."""

    budget: int = Field(1, ge=0, description="false alarms that a period may have")
    period: Period = Field("90d", description="hours, days or weeks: 12h, 90d, 4w")


class Monitoring(Part):
    """What is watched in use."""

    false_alarms: FalseAlarms = Field(FalseAlarms(), description="the budget of false alarms")


class Retraining(Part):
    """When to train again by itself, and on what."""

    new_annotated_documents: int = Field(
        500, ge=1, description="documents annotated since the last run that start one, whatever else is so"
    )
    causes: tuple[Cause, ...] = Field(
        ("drift/", "performance/", "cost/"),
        description="alerts that may start a run, by their cause: drift/embedding, or drift/ for all below it",
    )
    run_cost: float = Field(0.0, ge=0, description="what a run costs, in the unit: machines, and whoever looks at it")
    expected_documents: int = Field(
        10_000,
        ge=1,
        description="that a release is expected to predict: an alert is worth a run when what they would cost more is "
        "above runCost",
    )
    min_new_documents: int = Field(
        50, ge=1, description="annotated since the last run, that an alert or the schedule needs; fewer are asked for"
    )
    cooldown: Period = Field("1d", description="after a run by itself, before the next; doubles with each that fails")
    every: Period | None = Field(None, description="a run at least that often: 30d, 4w; absent: no schedule")
    max_failures: int = Field(
        3, ge=1, le=10, description="runs by itself without a release, one after the other; then a person is asked"
    )
    max_run_time: Period = Field("6h", description="of any run; one that takes longer is given up")
    window: Age | None = Field(
        None, description="age of the oldest document that is trained on, counted from the newest; absent: any age"
    )
    half_life: Age | None = Field(
        None, description="age, counted from the newest, at which a document's label counts half; absent: all alike"
    )


class Int8(Part):
    """A graph in eight-bit integers, where that is faster on the machine that trains and costs no more."""

    margin: float = Field(ge=0, description="by how much a document may become dearer, in the unit")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="that it is dearer by less than the margin: 0.95")


class Rollout(Part):
    """How a release that passed the gate comes to reign."""

    start: Literal["at-once", "shadow", "canary"] = Field(
        "at-once",
        description="at-once: it reigns; shadow: it predicts beside the champion and nobody acts on it; canary: it "
        "answers a share of the documents",
    )
    share: float = Field(0.1, gt=0, lt=1, description="of the documents that a canary answers")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the decision, at whatever moment one looks: 0.95")
    margin: float = Field(
        0.0, ge=0, description="by how much a document may cost more than the champion's, in the unit, and be promoted"
    )
    min_documents: int = Field(100, ge=1, description="with feedback, before anything is decided")
    max_documents: int = Field(
        20_000, ge=1, description="with feedback; where nothing is decided by then, the champion reigns on"
    )


class Online(Part):
    """A head that goes on learning from feedback, and reigns only while it is cheaper than the static model."""

    confidence: float = Field(0.95, gt=0.5, lt=1, description="that it is cheaper, at whatever moment one looks: 0.95")
    min_feedback: int = Field(200, ge=1, description="documents with feedback before it may take over")
    publish_every: int = Field(500, ge=1, description="documents with feedback between two of its releases")
    learning_rate: float = Field(0.05, gt=0, le=10, description="step of its stochastic gradient descent")


class Delivery(Part):
    """How predictions and releases get to where they are used."""

    long_documents: Literal["truncate", "windows"] = Field(
        "truncate",
        description="texts longer than the model reads: cut off, or read in overlapping windows and averaged",
    )
    int8: Int8 | None = Field(None, description="whether the gate may choose an int8 graph; absent: always fp32")
    rollout: Rollout = Field(Rollout(), description="how a release that passed the gate comes to reign")
    online: Online | None = Field(None, description="a head that learns from feedback; absent: static models only")
