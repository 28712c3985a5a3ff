"""What Label Studio has against what Towpath has: webhooks are sent once, and lost when nobody answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.preparation.formats.read import Read
from towpath.v1 import Annotation

__all__ = ["Plan", "reconcile"]


@dataclass(frozen=True)
class Plan:
    """Annotations to be sent: never heard of; changed since; gone there; there again although they were withdrawn."""

    missed: tuple[Annotation, ...]
    changed: tuple[Annotation, ...]
    withdrawn: tuple[Annotation, ...]
    returned: tuple[Annotation, ...]

    @property
    def all(self) -> tuple[Annotation, ...]:
        return self.missed + self.changed + self.withdrawn + self.returned


def reconcile(known: Iterable[Annotation], there: Read, place: str, now: datetime) -> Plan:
    """Compare every revision that is `known` with an export that was taken after them.

    Args:
        place: of a project, as in the annotations' source: label-studio/3. Other known annotations are left alone.
    """
    last = _last(known, place)
    missed, changed, returned = list[Annotation](), list[Annotation](), list[Annotation]()
    for each in there.annotations:
        before = last.get(each.annotation_id)
        if before is None:
            missed.append(each)
        elif before.deleted:
            returned.append(each if _at(each) > _at(before) else _after(each, before))
        elif _at(each) > _at(before):
            changed.append(each)
    # What cannot be used is there all the same, but for what its rater took back.
    present = {each.annotation_id for each in there.annotations}
    present |= {each.annotation_id for each in there.refused if not each.expected}
    gone = [each for key, each in last.items() if not each.deleted and key not in present]
    return Plan(tuple(missed), tuple(changed), tuple(_gone(each, now) for each in gone), tuple(returned))


def _last(known: Iterable[Annotation], place: str) -> dict[str, Annotation]:
    last: dict[str, Annotation] = {}
    for each in known:
        before = last.get(each.annotation_id)
        if each.source == place and (before is None or _at(each) > _at(before)):
            last[each.annotation_id] = each
    return last


def _at(annotation: Annotation) -> tuple[int, int]:
    at = annotation.updated_at if annotation.HasField("updated_at") else annotation.created_at
    return at.seconds, at.nanos


def _gone(known: Annotation, now: datetime) -> Annotation:
    at = Timestamp()
    at.FromDatetime(now)
    made = Annotation()
    made.CopyFrom(known)
    case = made.WhichOneof("label")
    if case is not None:
        made.ClearField(case)  # it may be of a class that the objective no longer has
    made.deleted = True
    made.updated_at.CopyFrom(at)
    return made if _at(made) > _at(known) else _after(made, known)


def _after(annotation: Annotation, before: Annotation) -> Annotation:
    """A microsecond later than what it has to outdo: clocks of two machines differ."""
    made, (seconds, nanos) = Annotation(), _at(before)
    made.CopyFrom(annotation)
    made.updated_at.FromNanoseconds(seconds * 10**9 + nanos + 1000)
    return made
