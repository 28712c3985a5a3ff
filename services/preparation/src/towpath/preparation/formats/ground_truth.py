"""SageMaker Ground Truth: output manifests (a JSON object a line), and what each worker said.

A manifest has the label that Ground Truth consolidated from its workers; the consolidation requests beside it
(`annotations/consolidated-annotation/consolidation-request`) have each worker's own, which is what agreement needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.core.ids import annotation_id, document_id
from towpath.preparation.formats.read import Read, Refused, UnreadableError, UnusableError
from towpath.v1 import Annotation, ClassLabel, Document, EntitySpan, EntitySpans

__all__ = ["read_ground_truth"]

_METADATA = "-metadata"
Label = ClassLabel | EntitySpans


def read_ground_truth(text: str, source: str, *, attribute: str | None = None) -> Read:
    """Documents and annotations of a manifest, or of consolidation requests; what is wrong is refused by its place.

    Args:
        attribute: the label attribute, where a manifest has those of several jobs.

    Raises:
        UnreadableError: nothing of it is JSON.
    """
    read, seen, count = Read(), set[str](), 0
    for where, given in _objects(text):
        count += 1
        try:
            _take(read, given, source, attribute, where, seen)
        except UnicodeEncodeError:
            read.refused.append(Refused(where, "it holds half a character (a lone surrogate), which is no Unicode"))
        except UnusableError as error:
            read.refused.append(Refused(where, str(error)))
    if not count:
        raise UnreadableError("line 1: empty; a manifest has a JSON object a line")
    return read


def _objects(text: str) -> Iterator[tuple[str, Any]]:
    if text.lstrip().startswith("["):
        try:
            yield from ((f"object {n}", each) for n, each in enumerate(json.loads(text), start=1))
        except json.JSONDecodeError as error:
            raise UnreadableError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
        except RecursionError:
            raise UnreadableError("line 1: nested too deeply to be of Ground Truth") from None
        return
    lines = text.rstrip().split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            half = " (half a file?)" if number == len(lines) else ""
            told = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
            yield f"line {number}", UnusableError(f"not JSON: {told}{half}")


def _take(read: Read, given: Any, source: str, attribute: str | None, where: str, seen: set[str]) -> None:
    if isinstance(given, UnusableError):
        raise given
    if not isinstance(given, dict):
        raise UnusableError("no JSON object")
    if isinstance(given.get("annotations"), list):
        _workers(read, given, source, where, seen)
        return
    identity, document = _document(given, given.get("source"), given.get("source-ref"), source)
    name, metadata = _attribute(given, attribute)
    if metadata.get("human-annotated") == "no":
        raise UnusableError("a machine labelled it (human-annotated: no): no rater's word")
    label = _consolidated(given[name], metadata)
    job = str(metadata.get("job-name", name)).removeprefix("labeling-job/")
    rater = f"gt-{job}-consolidated"
    _add(
        read, document, _annotation(identity, rater, label, f"ground-truth/{job}", metadata.get("creation-date")), seen
    )


def _attribute(given: Mapping[str, Any], wanted: str | None) -> tuple[str, Mapping[str, Any]]:
    names = [each.removesuffix(_METADATA) for each in given if each.endswith(_METADATA)]
    names = [each for each in names if each in given]
    if wanted is not None:
        names = [each for each in names if each == wanted]
    if not names:
        raise UnusableError(f"no label attribute{f' {wanted!r}' if wanted else ''} with its -metadata: not labelled?")
    if len(names) > 1:
        raise UnusableError(f"several label attributes ({', '.join(names)}): say which one")
    metadata = given[names[0] + _METADATA]
    if not isinstance(metadata, dict):
        raise UnusableError(f"{names[0]}{_METADATA} is no object")
    return names[0], metadata


def _document(given: Mapping[str, Any], text: Any, reference: Any, source: str) -> tuple[str, Document | None]:
    identity = given.get("document_id", given.get("documentId"))
    has_text = isinstance(text, str) and bool(text.strip())
    if not isinstance(identity, str) or not identity:
        if not has_text:
            lies = f": its text lies in {reference!r}" if isinstance(reference, str) else ""
            raise UnusableError(f"neither document_id nor text{lies}")
        identity = document_id(source, text)
    return identity, Document(document_id=identity, text=text, source=source) if has_text else None


def _consolidated(value: Any, metadata: Mapping[str, Any]) -> Label:
    name = metadata.get("class-name")
    if isinstance(name, str) and name:
        return ClassLabel(label=name)
    if isinstance(metadata.get("class-map"), dict):
        names = [each for each in metadata["class-map"].values() if isinstance(each, str)]
        if len(names) == 1:
            return ClassLabel(label=names[0])
        raise UnusableError(f"{len(names)} classes were given, one is wanted")
    inner = value.get("annotations") if isinstance(value, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("entities"), list):
        return _spans(inner["entities"])
    raise UnusableError("neither class-name nor entities: text classification and named entities are read")


def _workers(read: Read, given: Mapping[str, Any], source: str, where: str, seen: set[str]) -> None:
    about = given.get("dataObject")
    about = about if isinstance(about, dict) else {}
    identity, document = _document(given, about.get("content"), about.get("s3Uri"), source)
    for place, each in enumerate(given["annotations"], start=1):
        try:
            made = _worker(each, identity, source)
        except UnusableError as error:
            read.refused.append(Refused(f"{where}, annotation {place}", str(error)))
        else:
            _add(read, document, made, seen)


def _worker(given: Any, identity: str, source: str) -> Annotation:
    worker = given.get("workerId") if isinstance(given, dict) else None
    if not isinstance(worker, str) or not worker:
        raise UnusableError("it does not say whose it is (workerId)")
    label = _answer(given.get("annotationData"))
    return _annotation(identity, f"gt-{worker}", label, f"ground-truth/{source}", given.get("submissionTime"))


def _answer(data: Any) -> Label:
    content = data.get("content") if isinstance(data, dict) else None
    try:
        content = json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError):
        raise UnusableError("its content is not JSON") from None
    parts = [each for each in content.values() if isinstance(each, dict)] if isinstance(content, dict) else []
    for part in [content, *parts] if isinstance(content, dict) else []:
        if isinstance(part.get("entities"), list):
            return _spans(part["entities"])
        names = part.get("labels", [part["label"]] if "label" in part else None)
        if isinstance(names, list) and all(isinstance(each, str) and each for each in names):
            if len(names) != 1:
                raise UnusableError(f"{len(names)} classes were given, one is wanted")
            return ClassLabel(label=names[0])
    raise UnusableError("its content has neither a label nor entities")


def _spans(entities: list[Any]) -> EntitySpans:
    made = []
    for each in entities:
        place = [each.get(name) for name in ("startOffset", "endOffset", "label")] if isinstance(each, dict) else []
        start, end, label = place or (None, None, None)
        if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end < 2**31:
            raise UnusableError(f"an entity from {start!r} to {end!r}")
        made.append(EntitySpan(start=start, end=end, label=str(label or "")))
    return EntitySpans(spans=made)


def _annotation(document: str, rater: str, label: Label, place: str, at: Any) -> Annotation:
    made = Annotation(
        annotation_id=annotation_id(document, rater, label), document_id=document, rater_id=rater, source=place
    )
    if isinstance(label, ClassLabel):
        made.class_label.CopyFrom(label)
    else:
        made.entities.CopyFrom(label)
    if at is not None:
        made.created_at.CopyFrom(_moment(at))
    return made


def _moment(at: Any) -> Timestamp:
    """Ground Truth's times are UTC, and seldom say so."""
    made = Timestamp()
    try:
        parsed = datetime.fromisoformat(at if isinstance(at, str) else "")
    except ValueError:
        raise UnusableError(f"its time is {at!r}") from None
    made.FromDatetime(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    return made


def _add(read: Read, document: Document | None, made: Annotation, seen: set[str]) -> None:
    read.annotations.append(made)
    if document is not None and document.document_id not in seen:
        seen.add(document.document_id)
        read.documents.append(document)
