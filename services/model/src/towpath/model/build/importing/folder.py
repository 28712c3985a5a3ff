"""Imported encoders: a folder each, named by its content. `encoder.json` lists its files and is written last."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.model.build.encoder import EncoderFolder, write_encoder
from towpath.model.build.graph import BertConfig
from towpath.model.build.importing.about import license_of, name_of, sha256_of
from towpath.model.build.importing.errors import EncoderError
from towpath.model.build.importing.families import Family, family_of
from towpath.model.build.importing.sentences import Sentences, sentences_of
from towpath.model.build.importing.source import Source
from towpath.model.build.importing.tokens import max_tokens_of, read_tokenizer
from towpath.model.build.importing.weights import read_weights, weight_files

__all__ = ["MARKER", "Imported", "check", "encoder_id", "found", "import_encoder", "listed"]

MARKER = "encoder.json"
_ID = re.compile(r"enc-[0-9a-f]{26}")
_FILES = ("encoder.onnx", "tokenizer.json")
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "relu": "relu",
}


@dataclass(frozen=True)
class Imported:
    """`encoder_id` follows from the folder's content."""

    encoder_id: str
    folder: EncoderFolder

    @property
    def about(self) -> dict[str, Any]:
        return self.folder.description


def encoder_id(told: str) -> bool:
    """Whether it is the id of an imported encoder."""
    return bool(_ID.fullmatch(told))


def import_encoder(source: Path, encoders: Path, *, name: str = "") -> Imported:
    """Build the encoder of a Hugging Face folder below the folder `encoders`; the same gives the same id.

    Takes some four times the weights' size in memory.

    Args:
        name: instead of what the folder calls itself.

    Raises:
        EncoderError: it cannot be one; names what and where.
    """
    outer = Source.opened(source)
    sentences = sentences_of(outer)
    told = sentences.source.config()
    family = family_of(told, sentences.source.folder / "config.json")
    part = encoders / f".{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        about = _build(sentences, family, part, name or name_of(outer, told))
        about |= {"license": license_of(outer), "source": _hashes(sentences.source)}
        return _named(about, part, encoders)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def found(encoders: Path) -> list[Imported]:
    """Those below the folder `encoders`, by name."""
    there = [each for each in encoders.glob("enc-*") if encoder_id(each.name) and (each / MARKER).is_file()]
    made = [Imported(each.name, EncoderFolder(each)) for each in there]
    return sorted(made, key=lambda each: (str(each.about["name"]), each.encoder_id))


def check(encoder: Imported) -> None:
    """Raises EncoderError: a file of it was changed; names it."""
    folder = encoder.folder.path
    listed((folder / MARKER).read_bytes(), encoder.encoder_id)
    for name, entry in encoder.about["files"].items():
        if not (folder / name).is_file() or sha256_of(folder / name) != entry["sha256"]:
            raise EncoderError(f"{folder / name}: was changed or is gone: towpath model import makes it again")


def listed(marker: bytes, told: str) -> dict[str, int]:
    """Sizes of an encoder's files by name, as its encoder.json says.

    Raises:
        EncoderError: it is not that of the encoder `told`.
    """
    if _id_of(marker) != told:
        raise EncoderError(f"{MARKER} is that of {_id_of(marker)}, and not of {told}: it was changed")
    files = json.loads(marker)["files"]
    return {name: int(files[name]["size"]) for name in _FILES}


def _build(sentences: Sentences, family: Family, part: Path, name: str) -> dict[str, Any]:
    settings = _settings(sentences.source)
    tokenizer, theirs = read_tokenizer(sentences, settings)
    positions = settings.max_position_embeddings - family.first_position(settings)
    config = _config(sentences, family, settings, max_tokens_of(sentences, theirs, positions))
    weights = read_weights(sentences.source, family, settings, config.max_tokens)
    made = write_encoder(part, name, weights, config, tokenizer)
    told = {"architecture": family.name, "activation": config.activation, "pooling": list(config.pooling)}
    return {**made.description, **told, "normalised": sentences.normalised}


def _settings(source: Source) -> Any:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(source.folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        # transformers checks settings by several libraries, each with errors of its own.
        raise EncoderError(f"{source.folder / 'config.json'}: cannot be read: {str(error)[:300]}") from error


def _config(sentences: Sentences, family: Family, settings: Any, max_tokens: int) -> BertConfig:
    where, kind = sentences.source.folder / "config.json", getattr(settings, family.activation)
    if kind not in _ACTIVATIONS:
        raise EncoderError(f"{where}: {family.activation} is {kind!r}; {', '.join(sorted(_ACTIVATIONS))} are read")
    hidden, heads = settings.hidden_size, settings.num_attention_heads
    if heads < 1 or hidden % heads:
        raise EncoderError(f"{where}: {heads} heads do not divide the {hidden} of hidden_size")
    return BertConfig(
        hidden=hidden,
        layers=settings.num_hidden_layers,
        heads=heads,
        epsilon=float(family.setting(settings, "layer_norm_eps")),
        max_tokens=max_tokens,
        activation=_ACTIVATIONS[kind],
        pooling=sentences.pooling,
    )


def _hashes(source: Source) -> dict[str, str]:
    files = [source.folder / "config.json", *weight_files(source)]
    return {each.name: sha256_of(each) for each in files}


def _named(about: dict[str, Any], part: Path, encoders: Path) -> Imported:
    about["files"] = {name: {"sha256": sha256_of(part / name), "size": (part / name).stat().st_size} for name in _FILES}
    marker = json.dumps(about, sort_keys=True).encode()
    (part / MARKER).write_bytes(marker)
    target = encoders / _id_of(marker)
    if target.exists():
        # Whatever happened to the one that was there, this one is as its name says.
        shutil.rmtree(target)
    part.replace(target)
    return Imported(target.name, EncoderFolder(target))


def _id_of(marker: bytes) -> str:
    return f"enc-{hashlib.sha256(marker).hexdigest()[:26]}"
