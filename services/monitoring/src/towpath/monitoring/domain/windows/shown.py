"""The report of what is different, as it is told over HTTP: figures and ids, no texts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.windows.effects import Measure, Word
from towpath.monitoring.domain.windows.price import PriceVerdict

__all__ = ["Against", "EffectShown", "MovedShown", "PriceShown", "Side", "SliceShown", "TestShown", "WindowReport"]

Against = Literal["reference", "before"]


class EffectShown(Answer):
    """0 is no difference."""

    measure: Measure
    value: float
    low: float = Field(description="of its 95 % interval")
    high: float
    word: Word = Field(description="by the value; unclear where the interval holds both none and much")


class TestShown(Answer):
    __test__ = False  # of documents, not of this program

    name: str = Field(examples=["embeddings", "classes"])
    test: str = Field(examples=["MMD", "KS"])
    most: str = Field(description="the class that moved most, of a test of all of them")
    effect: EffectShown
    statistic: float
    p: float = Field(description="by permutation, exact")
    adjusted: float = Field(description="p among all tests of the report (Holm)")
    different: bool = Field(description="whether that is at most `alpha`: more than chance, be it ever so little")
    documents: tuple[int, int] = Field(description="that it looked at: now, before")
    permutations: int


class PriceShown(Answer):
    """Expected costs per 1,000 documents, in the unit: what the model's own probabilities promise."""

    now: float
    before: float
    extra: float = Field(description="now less before")
    low: float = Field(description="of its 95 % interval")
    high: float
    verdict: PriceVerdict = Field(description="benign: it surely costs no more than a twentieth of the cost before")


class SliceShown(Answer):
    of: Literal["class", "decision", "length"]
    name: str
    now: float = Field(description="its share of the documents, 0 to 1")
    before: float
    cost_now: float | None = Field(description="per 1,000 documents of the slice")
    cost_before: float | None
    adds: float = Field(description="what it adds to the price's `extra`")


class MovedShown(Answer):
    document_id: str
    witness: float = Field(description="how much more like the documents now than like those before, -1 to 1")


class Side(Answer):
    documents: int
    first: datetime | None = Field(description="prediction; absent for a reference")
    last: datetime | None
    releases: dict[str, int] = Field(description="documents by the release that predicted them")


class WindowReport(Answer):
    objective: str
    unit: str
    against: Against
    release_id: str = Field(description="the reigning one, when `against` is the reference; else empty")
    now: Side
    before: Side
    explanation: str = Field(description="all this in sentences")
    notes: list[str] = Field(description="what to know before believing it")
    alpha: float
    tests: list[TestShown]
    price: PriceShown | None
    came: list[MovedShown] = Field(description="documents now that are least like those before")
    went: list[MovedShown] = Field(description="documents before that are least like those now")
    slices: list[SliceShown]
    sample_now: list[str] = Field(description="ids of some documents of the window, to look up their words")
    sample_before: list[str] = Field(description="the same of the window before, also where a reference is compared")
