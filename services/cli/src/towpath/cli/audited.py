"""Documents for the data report: from files (as a stream, however large), from a snapshot, or from Kafka."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from towpath.cli.material import Material
from towpath.core.errors import RejectedError
from towpath.core.ids import document_id
from towpath.core.objective import Objective
from towpath.core.service import StoreSettings
from towpath.pipelines.steps.split import part_of
from towpath.preparation.labels.consensus import given_classes
from towpath.preparation.labels.ratings import ratings_of
from towpath.preparation.quality.items import Item
from towpath.preparation.sources import Item as Read
from towpath.preparation.sources import Reading, open_source

__all__ = ["Audited", "of_files", "of_material", "sampled"]

_DEEP = 20_000


@dataclass(frozen=True)
class Audited:
    """`source` gives the same documents each time that it is called; those of `test_parts` are not trained on."""

    name: str
    source: Callable[[], Iterable[Item]]
    test_parts: tuple[str, ...]


def of_files(
    files: Sequence[str],
    tests: Sequence[str],
    objective: Objective | None,
    *,
    columns: Mapping[str, str],
    header: Sequence[str],
    store: StoreSettings,
) -> Audited:
    """What `towpath ingest` reads. Each file is a part; of one file alone the parts are those that training would make.

    Args:
        tests: places of documents that are not trained on.
        columns: the file's name of a field, by ingestion's name of it.
        header: names of the columns of tables that have none themselves; empty where they do.

    Raises:
        NotFoundError: no such file, or a folder without any.
        RejectedError: a suffix that is not known, or two files of one name.
    """
    reading = Reading(columns=columns, header=tuple(header), keep_columns=True)
    opened = [open_source(place, reading, store) for place in tests]
    held = [(source, each) for source in opened for each in source.files]
    apart = {each.version for _, each in held}
    opened = [open_source(place, reading, store) for place in files]
    chosen = [(source, each) for source in opened for each in source.files if each.version not in apart]
    names = [_part(each.name) for _, each in chosen + held]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RejectedError(f"several files are named {min(twice)}; the report could not tell which is which")
    alone = len(names) == 1

    def source() -> Iterator[Item]:
        for place, each in chosen + held:
            for read in replace(place, files=(each,)).items():
                yield _item(read, None if alone else _part(each.name), objective)

    name = names[0] if alone else f"{len(names)} files"
    return Audited(name, source, ("test",) if alone else tuple(_part(each.name) for _, each in held))


def of_material(material: Material, objective: Objective | None, name: str) -> Audited:
    """Classes are what training takes raters' answers for; an id's first document counts, as in a snapshot."""
    given = {} if objective is None else given_classes(ratings_of(material.annotations, objective).kept, objective)

    def source() -> Iterator[Item]:
        for each in material.documents:
            made = each.created_at.ToNanoseconds() / 1e9 if each.HasField("created_at") else None
            yield Item(each.document_id, each.text, given.get(each.document_id, ""), part_of(each.text), made)

    return Audited(name, source, ("test",))


def sampled(audited: Audited, objective: Objective) -> list[Item]:
    """Labelled documents, each id once; of more than 20,000 those that a hash of the id draws."""
    known: dict[str, Item] = {}
    for each in audited.source():
        if each.label in objective.classes and each.text.strip():
            known.setdefault(each.id, each)
    return sorted(known.values(), key=lambda each: hashlib.sha256(each.id.encode("utf-8", "replace")).digest())[:_DEEP]


def _part(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _item(read: Read, part: str | None, objective: Objective | None) -> Item:
    place = f"{read.file}:{read.line}"
    if read.data is None:
        return Item(place, "", part=part or "", refused=read.refused)
    try:
        given = json.loads(read.data)
    except ValueError as error:
        return Item(place, "", part=part or "", refused=f"not JSON: {error}")
    if not isinstance(given, dict) or not isinstance(given.get("text", ""), str):
        return Item(place, "", part=part or "", refused="no object with a text")
    text = given.get("text", "")
    identity = given.get("documentId")
    if identity is None and text:
        identity = document_id(str(given.get("source") or ""), text)
    label, made = _label(given, objective), _time(given.get("createdAt"))
    return Item(str(identity or ""), text, label, part_of(text) if part is None else part, made)


def _label(given: Mapping[str, Any], objective: Objective | None) -> str:
    """A column of a table of documents that is named label or score is there as an attribute."""
    told = given.get("classLabel") or given.get("attributes")
    told = told if isinstance(told, dict) else {}
    if told.get("label"):
        return str(told["label"])
    if objective is None or told.get("score") is None:
        return ""
    try:
        return objective.class_of_grade(float(told["score"]))
    except (TypeError, ValueError):
        return f"grade {str(told['score'])[:32]}"


def _time(given: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(given)).timestamp() if given else None
    except (ValueError, OverflowError):
        return -1.0  # no time at all: the report will say so
