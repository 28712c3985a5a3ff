"""Weights from safetensors, in one file or in several, by the names of BertModel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from towpath.model.build.graph import DISTANCES
from towpath.model.build.importing.errors import EncoderError
from towpath.model.build.importing.families import Family
from towpath.model.build.importing.source import Source

__all__ = ["distance_bias", "read_weights", "weight_files"]

Weights = dict[str, NDArray[np.float32]]
_ONE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_POSITIONS = "embeddings.position_embeddings.weight"
# A graph is one message of protobuf, which has 2 GiB at most.
_MOST_BYTES = 1_900_000_000
_BUCKETS, _MOST_APART = 32, 128


def weight_files(source: Source) -> list[Path]:
    """Raises EncoderError: there are none, or pickles only."""
    if source.has(_ONE):
        return [source.folder / _ONE]
    if source.has(_INDEX):
        named = source.json(_INDEX).get("weight_map")
        if not isinstance(named, dict) or not named:
            raise EncoderError(f"{source.folder / _INDEX}: has no weight_map")
        files = sorted({source.inside(each) for each in named.values()})
        missing = [each.name for each in files if not each.is_file() or each.suffix != ".safetensors"]
        if missing:
            raise EncoderError(f"{source.folder / _INDEX}: names {missing[0]!r}, which is no safetensors file there")
        return files
    pickles = sorted(each.name for pattern in _PICKLES for each in source.folder.glob(pattern))
    if pickles:
        raise EncoderError(
            f"{source.folder}: {pickles[0]} is a pickle, which can run any code and is not read. Where torch and "
            "transformers are, AutoModel.from_pretrained(folder).save_pretrained(other) writes model.safetensors"
        )
    raise EncoderError(f"{source.folder}: has no {_ONE}")


def read_weights(source: Source, family: Family, settings: Any, max_tokens: int) -> Weights:
    """What `encoder_graph` takes; positions begin with the first token's.

    Raises:
        EncoderError: a tensor is missing, of another shape than config.json says, or not finite.
    """
    with ExitStack() as stack:
        where = dict(_opened(stack, weight_files(source)))
        prefix = f"{family.name}."
        shapes = family.shapes(settings)
        total = 4 * sum(int(np.prod(shape)) for _, shape in shapes.values())
        if total > _MOST_BYTES:
            raise EncoderError(f"{source.folder}: {total:,} bytes in float32; {_MOST_BYTES:,} fit into a graph")
        made: Weights = {}
        for ours, (theirs, shape) in shapes.items():
            name = next((each for each in _spellings(theirs, prefix) if each in where), None)
            if name is None:
                raise EncoderError(f"{source.folder}: no tensor {theirs!r} (of {len(where)}) in its safetensors")
            made[ours] = _tensor(where[name], name, shape, source)
    first = family.first_position(settings)
    made[_POSITIONS] = made[_POSITIONS][first : first + max_tokens]
    if family.distances is not None:
        made[DISTANCES] = distance_bias(made.pop(family.distances), max_tokens)
    return made


def _opened(stack: ExitStack, files: list[Path]) -> Iterator[tuple[str, Any]]:
    for file in files:
        try:
            opened = stack.enter_context(safe_open(file, framework="numpy"))
        except (SafetensorError, OSError) as error:
            raise EncoderError(f"{file}: not safetensors, or cut off: {str(error)[:200]}") from error
        yield from ((name, opened) for name in opened.keys())  # noqa: SIM118 - no mapping


def _spellings(name: str, prefix: str) -> Iterator[str]:
    """As transformers writes it, and as BERT's first folders did."""
    old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    for each in (name, old):
        yield from (each, prefix + each)


def _tensor(file: Any, name: str, shape: tuple[int, ...], source: Source) -> NDArray[np.float32]:
    found = tuple(file.get_slice(name).get_shape())
    if found != shape:
        raise EncoderError(f"{source.folder}: the tensor {name!r} is {found}, config.json says {shape}")
    values: NDArray[np.float32] = np.asarray(file.get_tensor(name)).astype(np.float32)
    if not np.isfinite(values).all():
        raise EncoderError(f"{source.folder}: the tensor {name!r} has numbers that are not finite")
    return values


def distance_bias(table: NDArray[np.float32], max_tokens: int) -> NDArray[np.float32]:
    """From a row a bucket (32, heads) to a column a distance (heads, 2 · max_tokens - 1), -max_tokens + 1 first.

    Buckets are those of T5 (Raffel et al., JMLR 21, 2020): half for what is before a token, half for what is behind;
    the nearest 8 distances have one each, farther ones share by their logarithm up to 128. In float32, as torch does,
    since some distances lie on a border.
    """
    apart = np.arange(-max_tokens + 1, max_tokens)
    half, exact = _BUCKETS // 2, _BUCKETS // 4
    far = np.abs(apart)
    logarithm = np.log(np.maximum(far, 1).astype(np.float32) / np.float32(exact))
    steps = logarithm / np.float32(np.log(_MOST_APART / exact)) * np.float32(half - exact)
    shared = np.minimum(exact + steps.astype(np.int64), half - 1)
    buckets = np.where(far < exact, far, shared) + np.where(apart > 0, half, 0)
    return np.ascontiguousarray(table[buckets].T)
