"""A plain table of who said what: a row a rating, with columns for rater, document and label or score."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.core.ids import annotation_id, document_id
from towpath.preparation.formats.read import Read, Refused, UnreadableError, UnusableError
from towpath.v1 import Annotation, ClassLabel, Document

__all__ = ["COLUMNS", "read_table"]

# Names of columns, compared without case, blanks, hyphens and underscores. The first is ours.
COLUMNS: dict[str, tuple[str, ...]] = {
    "rater": ("rater", "raterid", "annotator", "annotatorid", "worker", "workerid", "labeler", "labeller", "user"),
    "document": ("document", "documentid", "doc", "docid", "item", "itemid", "task", "taskid", "id"),
    "text": ("text", "sentence", "content", "body"),
    "label": ("label", "class", "category", "answer", "annotation"),
    "score": ("score", "grade", "rating", "value"),
    "guide": ("guide", "guideversion", "guideline", "guidelines"),
    "time": ("time", "timestamp", "date", "createdat", "created", "annotatedat"),
    "seconds": ("leadseconds", "leadtime", "seconds", "duration"),
}
_FIELD_BYTES = 10_000_000


def read_table(
    text: str, source: str, *, columns: Mapping[str, str] | None = None, classes: Collection[str] = ()
) -> Read:
    """Each row as an annotation; rows that are wrong are refused by line.

    Args:
        columns: the file's name of a column, by ours (the keys of COLUMNS).
        classes: of the objective. A label that is a number and none of them is a grade.

    Raises:
        UnreadableError: no header with rater, document (or text) and label (or score), or a quote that never ends.
    """
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    csv.field_size_limit(_FIELD_BYTES)
    rows = _rows(lines)
    _, header = next(rows, (1, []))
    places = _places(header, columns or {})
    read, said = Read(), dict[tuple[str, str], tuple[int, Annotation]]()
    for number, row in rows:
        try:
            document, made = _annotation(_named(row, places, len(header)), source, classes)
            _check_once(said, made, number)
        except UnusableError as error:
            read.refused.append(Refused(f"line {number}", str(error)))
        else:
            read.annotations.append(made)
            read.documents += [document] if document is not None else []
    return read


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _rows(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """With the line that a row begins at: a quoted text may go over several."""
    reader, begin = lines, 1
    try:
        for row in reader:
            if any(row):
                yield begin, row
            begin = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as error:
        raise UnreadableError(f"line {begin}: no table from here on: {error} (half a file?)") from None


def _places(header: list[str], told: Mapping[str, str]) -> dict[str, int]:
    plain = [_plain(each) for each in header]
    places: dict[str, int] = {}
    for name, variants in COLUMNS.items():
        wanted = (_plain(told[name]),) if name in told else variants
        found = next((plain.index(each) for each in wanted if each in plain), None)
        if found is not None:
            places[name] = found
        elif name in told:
            raise UnreadableError(f"line 1: no column {told[name]!r}; there are {', '.join(header)}")
    for one, other in (("rater", None), ("document", "text"), ("label", "score")):
        if one not in places and other not in places:
            wanted_names = one if other is None else f"{one} or {other}"
            raise UnreadableError(f"line 1: no column for {wanted_names}; there are {', '.join(header) or 'none'}")
    return places


def _named(row: list[str], places: Mapping[str, int], wanted: int) -> dict[str, str]:
    if len(row) != wanted:
        raise UnusableError(f"{len(row)} columns, the header has {wanted}")
    return {name: row[place].strip() for name, place in places.items()}


def _plain(name: str) -> str:
    return "".join(each for each in name.lower().lstrip("\ufeff") if each.isalnum())


def _annotation(row: Mapping[str, str], source: str, classes: Collection[str]) -> tuple[Document | None, Annotation]:
    text = row.get("text", "")
    identity = row.get("document", "") or (document_id(source, text) if text else "")
    if not identity:
        raise UnusableError("no document")
    if not row["rater"]:
        raise UnusableError("no rater")
    label = _label(row.get("label", ""), row.get("score", ""), classes)
    made = Annotation(
        annotation_id=annotation_id(identity, row["rater"], label),
        document_id=identity,
        rater_id=row["rater"],
        guide_version=row.get("guide", ""),
        class_label=label,
        source=source,
    )
    if row.get("time"):
        made.created_at.CopyFrom(_moment(row["time"]))
    if row.get("seconds"):
        made.lead_seconds = _number(row["seconds"], "seconds")
    return Document(document_id=identity, text=text, source=source) if text else None, made


def _label(name: str, score: str, classes: Collection[str]) -> ClassLabel:
    if not name and not score:
        raise UnusableError("neither label nor score")
    if name and not score and name not in classes:
        try:
            return ClassLabel(score=_number(name, "label"))
        except UnusableError:
            return ClassLabel(label=name)
    return ClassLabel(label=name, score=_number(score, "score") if score else None)


def _number(value: str, what: str) -> float:
    try:
        number = float(value.replace(",", "."))
    except ValueError:
        raise UnusableError(f"{what} is {value[:40]!r}, no number") from None
    if not math.isfinite(number):
        raise UnusableError(f"{what} is {value[:40]!r}, no number")
    return number


def _moment(value: str) -> Timestamp:
    made = Timestamp()
    try:
        parsed = datetime.fromtimestamp(float(value), UTC) if value.replace(".", "").isdigit() else None
        parsed = parsed or datetime.fromisoformat(value)
        made.FromDatetime(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        raise UnusableError(f"time is {value[:40]!r}: write 2026-11-25T10:00:00Z, or seconds since 1970") from None
    return made


def _check_once(said: dict[tuple[str, str], tuple[int, Annotation]], made: Annotation, number: int) -> None:
    """Without times nobody can tell which of two answers is the last, or that they are of two people."""
    key = (made.document_id, made.rater_id)
    line, before = said.setdefault(key, (number, made))
    if before.annotation_id == made.annotation_id or (made.HasField("created_at") and before.HasField("created_at")):
        return
    raise UnusableError(
        f"{made.rater_id!r} said something else of {made.document_id!r} in line {line}: two raters under one name? "
        "A column with times would tell which answer is the last"
    )
