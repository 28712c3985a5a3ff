"""How a folder of sentence-transformers makes one vector of a text's tokens, and how much of a text it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from towpath.model.build.importing.errors import EncoderError
from towpath.model.build.importing.source import Source
from towpath.model.build.pooling import POOLINGS

__all__ = ["Sentences", "sentences_of"]

_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
}
_PREFIX = "pooling_mode_"


@dataclass(frozen=True)
class Sentences:
    """`source`: of the transformer, which may lie in a folder of its own. `max_tokens`: as the folder says, if it does.

    `normalised`: whether the folder's own vectors are of unit length; ours always are.
    """

    source: Source
    pooling: tuple[str, ...] = ("mean",)
    max_tokens: int | None = None
    lower_case: bool = False
    normalised: bool = False


def sentences_of(source: Source) -> Sentences:
    """Of modules.json and what it names; the mean of all tokens where there is none.

    Raises:
        EncoderError: it has modules, pooling or prompts that are not read.
    """
    if not source.has("modules.json"):
        return Sentences(source)
    prompt = source.optional("config_sentence_transformers.json").get("default_prompt_name")
    if prompt is not None:
        raise EncoderError(f"{source.folder}: default_prompt_name is {prompt!r}; texts are read without a prompt")
    modules = {_kind(each, source): each.get("path", "") for each in source.objects("modules.json")}
    if [*modules][:2] != ["Transformer", "Pooling"] or set(modules) - {"Transformer", "Pooling", "Normalize"}:
        named = ", ".join(modules)
        raise EncoderError(
            f"{source.folder / 'modules.json'}: its modules are {named}; Transformer, Pooling, Normalize are read"
        )
    inner = Source(source.inside(modules["Transformer"]))
    about = inner.optional("sentence_bert_config.json")
    return Sentences(
        inner,
        pooling=_pooling(source, f"{modules['Pooling']}/config.json"),
        max_tokens=_length(about, inner),
        lower_case=about.get("do_lower_case") is True,
        normalised="Normalize" in modules,
    )


def _kind(module: dict[str, Any], source: Source) -> str:
    kind, path = module.get("type"), module.get("path", "")
    if not isinstance(kind, str):
        raise EncoderError(f"{source.folder / 'modules.json'}: a module has no type")
    source.inside(path)
    return kind.rpartition(".")[2]


def _pooling(source: Source, name: str) -> tuple[str, ...]:
    about = source.json(name)
    told = about.get("pooling_mode")  # newer versions name it so
    asked = [told] if isinstance(told, str) else list(told or ())
    asked += [key for key, value in about.items() if key.startswith(_PREFIX) and value is True]
    kinds = {_MODES.get(each, each.removeprefix(_PREFIX)) for each in asked}
    if not kinds or kinds - set(POOLINGS):
        raise EncoderError(
            f"{source.folder / name}: pools by {', '.join(sorted(kinds)) or 'nothing'}; {', '.join(POOLINGS)} are read"
        )
    return tuple(each for each in POOLINGS if each in kinds)


def _length(about: dict[str, Any], source: Source) -> int | None:
    length = about.get("max_seq_length")
    if length is not None and (not isinstance(length, int) or length < 1):
        raise EncoderError(f"{source.folder / 'sentence_bert_config.json'}: max_seq_length is {length!r}")
    return length
