"""What a rater did in Label Studio's editor (an annotation's `result`) as a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from towpath.preparation.formats.read import UnusableError
from towpath.v1 import ClassLabel, EntitySpan, EntitySpans

__all__ = ["EMPTY", "label_of"]

EMPTY = "nothing was chosen"
# A comment beside the label, or a link between spans, is neither class nor span.
_BESIDES = frozenset({"textarea", "relation"})


def label_of(result: Any, text: str) -> ClassLabel | EntitySpans:
    """A class, a grade, or both (Choices, Rating, Number); else spans (Labels).

    Raises:
        UnusableError: EMPTY, or what of it is not understood.
    """
    parts = [each for each in _parts(result) if each[0] not in _BESIDES]
    if not parts:
        raise UnusableError(EMPTY)
    classes = [name for kind, value in parts if kind == "choices" for name in _names(value, "choices")]
    grades = [_number(value[kind]) for kind, value in parts if kind in ("rating", "number") and kind in value]
    if classes or grades:
        return ClassLabel(label=_only(classes, "classes") or "", score=_only(grades, "grades"))
    spans = [span for kind, value in parts if kind == "labels" for span in _spans(value, text)]
    if spans:
        spans.sort(key=_place)
        return EntitySpans(spans=spans)
    kinds = ", ".join(sorted({kind for kind, _ in parts}))
    raise UnusableError(f"results of type {kinds}: Choices, Rating, Number or Labels are read")


def _place(span: EntitySpan) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _parts(result: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(result, list):
        raise UnusableError("its result is no list")
    for each in result:
        if not isinstance(each, dict) or not isinstance(each.get("type"), str):
            raise UnusableError("its result has a part without a type")
        if each["type"] in _BESIDES:
            continue
        if not isinstance(each.get("value"), dict):
            raise UnusableError(f"its result of type {each['type']!r} has no value")
        yield each["type"], each["value"]


def _names(value: Mapping[str, Any], key: str) -> list[str]:
    names = value.get(key)
    if not isinstance(names, list) or not all(isinstance(each, str) and each for each in names):
        raise UnusableError(f"its {key} are no list of names")
    return names


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 <= value <= 1e9:
        raise UnusableError(f"{value!r} is no grade")
    return float(value)


def _only(values: Sequence[Any], what: str) -> Any:
    if len(values) > 1:
        raise UnusableError(f"{len(values)} {what} were given, one is wanted")
    return values[0] if values else None


def _spans(value: Mapping[str, Any], text: str) -> Iterator[EntitySpan]:
    start, end = _offsets(value, text)
    yield from (EntitySpan(start=start, end=end, label=name) for name in _names(value, "labels"))


def _offsets(value: Mapping[str, Any], text: str) -> tuple[int, int]:
    """In code points. Versions of the editor count UTF-16 units or code points: the span's own text tells which."""
    start, end, said = value.get("start"), value.get("end"), value.get("text")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= 2 * len(text):
        raise UnusableError(f"a span from {start!r} to {end!r}")
    if end <= len(text) and said in (None, text[start:end]):
        return start, end
    units = text.encode("utf-16-le", "surrogatepass")
    try:
        before, inside = units[: 2 * start].decode("utf-16-le"), units[2 * start : 2 * end].decode("utf-16-le")
    except UnicodeDecodeError:
        before, inside = "", ""
    if said is None or inside != said:
        raise UnusableError(f"a span from {start} to {end} is not where its text is in the document's")
    return len(before), len(before) + len(inside)
