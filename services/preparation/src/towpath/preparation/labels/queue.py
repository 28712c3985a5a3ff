"""The review queue: documents whose class somebody should look at again. Light: no model is needed to read one.

A queue is a file of JSON lines, an entry a document, the most suspicious first. An entry counts as reviewed when
somebody has rated its document since: a rating that the queue did not know, or one that it knew and that was changed;
or when the entry itself says `"reviewed": true`. That it was reviewed does not say that the class was wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from towpath.core.errors import RejectedError
from towpath.preparation.labels.ratings import Rating

__all__ = ["Entry", "QueueState", "Wanted", "known_ratings", "queue_state", "read_queue", "written_queue"]


class Entry(BaseModel):
    """A document to look at again; in the file, names are camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, allow_inf_nan=False)

    document_id: str = Field(min_length=1)
    text: str
    given: str = Field(description="the class that training takes now")
    suspected: str = Field(description="the class that it may be instead")
    score: float = Field(ge=0, le=1, description="how suspicious the given class is: one minus its estimated quality")
    votes: dict[str, int] = Field(description="raters by class")
    why: str
    known: dict[str, str] = Field(
        default_factory=dict, description="what each rating said when the queue was made, by annotation id"
    )
    reviewed: bool = False


class Wanted(BaseModel):
    """A document without labels that is to be labelled next; in the file, names are camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, allow_inf_nan=False)

    document_id: str = Field(min_length=1)
    text: str
    why: Literal["uncertain", "evaluation"]
    expected_cost: float = Field(ge=0, description="of deciding on it as of now, in the objective's unit")


class QueueState(NamedTuple):
    """Document ids, in the queue's order."""

    reviewed: tuple[str, ...]
    open: tuple[str, ...]


def queue_state(queue: Iterable[Entry], ratings: Iterable[Rating]) -> QueueState:
    """Which entries somebody has looked at, given what raters say now."""
    now = known_ratings(ratings)
    reviewed: list[str] = []
    still: list[str] = []
    for each in queue:
        said_since = now.get(each.document_id, {}).items() - each.known.items()
        (reviewed if each.reviewed or said_since else still).append(each.document_id)
    return QueueState(tuple(reviewed), tuple(still))


def known_ratings(ratings: Iterable[Rating]) -> dict[str, dict[str, str]]:
    """What each rating says, by annotation id, by document id: the class, with its grade where one was given."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for each in ratings:
        said = each.label if each.score is None else f"{each.label} {each.score:g}"
        found[each.document_id][each.annotation_id] = said
    return dict(found)


def written_queue(queue: Iterable[Entry]) -> str:
    """NDJSON."""
    return "".join(each.model_dump_json(by_alias=True) + "\n" for each in queue)


def read_queue(text: str, *, name: str = "queue") -> list[Entry]:
    """Entries of NDJSON; fields that are not known are passed over.

    Raises:
        RejectedError: naming the line.
    """
    return [_entry(line, f"{name}:{n}") for n, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _entry(line: str, where: str) -> Entry:
    try:
        return Entry.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        said = f"{field}: {first['msg']}" if field else first["msg"]
        raise RejectedError(
            f"no entry of a review queue ({said}); `towpath labels queue -o FILE` writes one", where=where
        ) from None
