"""What is asked of the model, whatever protocol it came by: texts, and the ids of the documents that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kserve.errors import InvalidInput

from towpath.core.ids import document_id

__all__ = ["Limits", "Question", "Tensor", "from_instances", "from_tensors", "shown"]

_ID_CHARS = 200


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    texts: int
    chars: int


@dataclass(frozen=True)
class Tensor:
    """An input as it came: `values`, or `raw`, in which each value follows its length (four bytes, little endian)."""

    name: str
    datatype: str
    shape: Sequence[int]
    values: Sequence[object] = ()
    raw: bytes | None = None


@dataclass(frozen=True)
class Question:
    """n texts; `ids` are as many, None where the caller gave none."""

    texts: Sequence[str]
    ids: Sequence[str | None] = field(default=())

    def document_ids(self) -> list[str]:
        """An id for each text. Where none was given it follows from the text: equal texts have equal ids."""
        ids = self.ids or [None] * len(self.texts)
        return [given or document_id("endpoint", text) for given, text in zip(ids, self.texts, strict=True)]


def from_tensors(tensors: Sequence[Tensor], limits: Limits) -> Question:
    """Of `text`: BYTES (n) or (n, 1), and perhaps `id`, of the same shape.

    Raises:
        InvalidInput: what is wrong with which input.
    """
    by_name = {each.name: each for each in tensors}
    if "text" not in by_name or len(by_name) != len(tensors) or not by_name.keys() <= {"text", "id"}:
        named = shown([each.name for each in tensors])
        raise InvalidInput(f"one input named 'text' is wanted, and at most one more, named 'id', not {named}")
    texts = _texts(_values(by_name["text"], limits), limits)
    if "id" not in by_name:
        return Question(texts)
    ids = [_id(number, value) for number, value in enumerate(_values(by_name["id"], limits))]
    if len(ids) != len(texts):
        raise InvalidInput(f"there are {len(ids)} ids for {len(texts)} texts")
    return Question(texts, ids)


def from_instances(instances: object, limits: Limits) -> Question:
    """Of version 1 of the protocol: a list of texts, or of objects with `text` and perhaps `id`.

    Raises:
        InvalidInput: what is wrong with which instance.
    """
    if not isinstance(instances, list):
        raise InvalidInput('{"instances": ["a text", {"text": "another", "id": "its document\'s"}]} is wanted')
    if not 1 <= len(instances) <= limits.texts:
        raise InvalidInput(f"there are {len(instances)} instances, 1 to {limits.texts} are taken")
    plain = [each if isinstance(each, dict) else {"text": each} for each in instances]
    texts = _texts([each.get("text") for each in plain], limits)
    ids = [None if each.get("id") is None else _id(number, each["id"]) for number, each in enumerate(plain)]
    return Question(texts, ids)


def shown(value: object) -> str:
    """What a caller sent, for a message to him: short, whatever it is."""
    return repr(value)[:200]


def _values(tensor: Tensor, limits: Limits) -> Sequence[object]:
    shape, called = list(tensor.shape), f"input {shown(tensor.name)}"
    if tensor.datatype != "BYTES":
        raise InvalidInput(f"{called} is of type {shown(tensor.datatype)}, BYTES is wanted")
    if not 1 <= len(shape) <= 2 or (len(shape) == 2 and shape[1] != 1):
        raise InvalidInput(f"{called} has shape {shown(shape)}, [n] or [n, 1] is wanted")
    if not 1 <= shape[0] <= limits.texts:
        raise InvalidInput(f"{called} has {shape[0]} texts, 1 to {limits.texts} are taken")
    values = _rows(tensor.values) if tensor.raw is None else _split(tensor.raw, shape[0], called)
    if len(values) != shape[0]:
        raise InvalidInput(f"{called} has {len(values)} texts, its shape says {shape[0]}")
    return values


def _rows(values: Sequence[object]) -> list[object]:
    return [each for row in values for each in (row if isinstance(row, list) else [row])]


def _split(raw: bytes, count: int, called: str) -> list[bytes]:
    values: list[bytes] = []
    start = 0
    while start < len(raw):
        if len(values) == count:
            raise InvalidInput(f"{called} goes on for {len(raw) - start} bytes after the {count} texts of its shape")
        begin = start + 4
        start = begin + int.from_bytes(raw[start:begin], "little")
        if begin > len(raw) or start > len(raw):
            raise InvalidInput(f"{called}: value {len(values)} is longer than what was sent of it")
        values.append(raw[begin:start])
    return values


def _texts(values: Sequence[object], limits: Limits) -> list[str]:
    return [_text(number, value, limits.chars) for number, value in enumerate(values)]


def _text(number: int, value: object, most: int) -> str:
    text = _decoded(f"text {number}", value)
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"text {number}: is blank or no text")
    if len(text) > most:
        raise InvalidInput(f"text {number}: {len(text)} characters, at most {most} are taken")
    return text


def _id(number: int, value: object) -> str:
    name = _decoded(f"id {number}", value)
    if not isinstance(name, str) or not 1 <= len(name) <= _ID_CHARS:
        raise InvalidInput(f"id {number}: is no text of 1 to {_ID_CHARS} characters")
    return name


def _decoded(called: str, value: object) -> object:
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{called}: not UTF-8 at byte {error.start}") from error
