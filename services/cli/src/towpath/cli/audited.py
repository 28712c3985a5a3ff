"""Documents for the data report: from files (as a stream, however large), from a snapshot, or from Kafka."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from towpath.cli.material import Material
from towpath.cli.rows import lines_of, shaped
from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.ids import document_id
from towpath.core.objective import Objective
from towpath.pipelines.steps.split import part_of
from towpath.preparation.labels.consensus import given_classes
from towpath.preparation.labels.ratings import ratings_of
from towpath.preparation.quality.items import Item

__all__ = ["Audited", "of_files", "of_material", "sampled"]

_SUFFIXES = (".ndjson", ".jsonl", ".json", ".csv", ".tsv", ".parquet")
_DEEP = 20_000


@dataclass(frozen=True)
class Audited:
    """`source` gives the same documents each time that it is called; those of `test_parts` are not trained on."""

    name: str
    source: Callable[[], Iterable[Item]]
    test_parts: tuple[str, ...]


def of_files(
    files: Sequence[Path],
    tests: Sequence[Path],
    objective: Objective | None,
    *,
    columns: Mapping[str, str],
    header: Sequence[str],
) -> Audited:
    """Each file is a part. Of one file alone the parts are those that training would make of it.

    Args:
        tests: files of documents that are not trained on.
        columns: the file's name of a field, by ingestion's name of it.
        header: names of the columns of .tsv files that have none themselves; empty where they do.

    Raises:
        NotFoundError: no such file, or a folder without any.
        RejectedError: a suffix that is not known, or two files of one name.
    """
    held = [each for file in tests for each in _listed(file)]
    chosen = [each for file in files for each in _listed(file) if each not in held] + held
    if twice := {each.stem for each in chosen if sum(other.stem == each.stem for other in chosen) > 1}:
        raise RejectedError(f"several files are named {min(twice)}; the report could not tell which is which")

    def source() -> Iterator[Item]:
        for file in chosen:
            for row in _rows(file, columns, header):
                yield _item(row, file.stem if len(chosen) > 1 else None, objective)

    name = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} files"
    return Audited(name, source, tuple(each.stem for each in held) if len(chosen) > 1 else ("test",))


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


def _listed(file: Path) -> list[Path]:
    if file.is_dir():
        found = sorted(each for each in file.iterdir() if each.suffix.lower() in _SUFFIXES)
        if not found:
            raise NotFoundError(f"no file of {', '.join(_SUFFIXES)} in this folder", where=str(file))
        return found
    if not file.is_file():
        raise NotFoundError("no such file", where=str(file))
    return [file]


def _rows(file: Path, columns: Mapping[str, str], header: Sequence[str]) -> Iterator[Any]:
    if header and file.suffix.lower() == ".tsv":
        yield from _bare(file, columns, header)
        return
    for line in lines_of(file, columns):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                yield {}  # a row without id and text, which is what the report will say


def _bare(file: Path, columns: Mapping[str, str], header: Sequence[str]) -> Iterator[Any]:
    """Quotes are the text's, and what is beyond the header is left out."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for line in lines:
            yield shaped(dict(zip(header, line.rstrip("\r\n").split("\t"), strict=False)), columns)


def _item(row: Any, part: str | None, objective: Objective | None) -> Item:
    given = row if isinstance(row, dict) else {}
    text = given.get("text")
    text = text if isinstance(text, str) else ""
    identity = given.get("documentId")
    if identity is None and text:
        identity = document_id(str(given.get("source") or ""), text)
    label, made = _label(given.get("classLabel"), objective), _time(given.get("createdAt"))
    return Item(str(identity or ""), text, label, part_of(text) if part is None else part, made)


def _label(given: Any, objective: Objective | None) -> str:
    told = given if isinstance(given, dict) else {}
    if told.get("label"):
        return str(told["label"])
    if objective is not None and isinstance(told.get("score"), int | float):
        try:
            return objective.class_of_grade(float(told["score"]))
        except ValueError:
            return f"grade {told['score']}"
    return ""


def _time(given: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(given)).timestamp() if given else None
    except (ValueError, OverflowError):
        return -1.0  # no time at all: the report will say so
