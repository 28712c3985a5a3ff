"""What a file or an event of an annotation tool came to: messages, and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from towpath.v1 import Annotation, Document

__all__ = ["Read", "Refused", "UnreadableError", "UnusableError"]


class UnreadableError(ValueError):
    """The whole is not what it should be: nothing of it was read."""


class UnusableError(ValueError):
    """One annotation cannot be used; the message says why, of "its" parts."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`where` is a line, or an annotation of the tool, whose id is given where it has one.

    `expected`: the rater said nothing, so nothing is lost.
    """

    where: str
    reason: str
    expected: bool = False
    annotation_id: str = ""


@dataclass
class Read:
    """`documents` are those whose id was derived from their text here: they may be known nowhere else."""

    documents: list[Document] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
