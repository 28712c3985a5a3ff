"""What an interrupted fine-tuning goes on from: one safetensors file, replaced as a whole, no pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from towpath.model.build.bundle import Head
from towpath.model.finetune.examples import Examples
from towpath.model.finetune.settings import Settings

__all__ = ["Checkpoint"]

_FILE = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """`inputs`: hash of all that the result follows from. A checkpoint of other inputs is not gone on from."""

    folder: Path
    inputs: str

    @classmethod
    def of(
        cls,
        folder: Path,
        settings: Settings,
        weights: Mapping[str, NDArray[np.float32]],
        head: Head,
        *examples: Examples,
    ) -> Checkpoint:
        digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
        for name in sorted(weights):
            digest.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
        for array in (head.coef, head.intercept):
            digest.update(np.ascontiguousarray(array).tobytes())
        for each in examples:
            digest.update(json.dumps([list(ids) for ids in each.ids]).encode())
            digest.update(each.truth.tobytes() + each.weight.tobytes())
        return cls(folder, digest.hexdigest())

    def write(self, state: Any, history: list[dict[str, Any]]) -> None:
        """`state`: a tree of arrays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: np.ascontiguousarray(each) for name, each in _named(state).items()}
        part = self.folder / f"{_FILE}.{os.getpid()}.part"
        save_file(arrays, part, metadata={"inputs": self.inputs, "history": json.dumps(history)})
        part.replace(self.folder / _FILE)

    def read(self, like: Any) -> tuple[Any, list[dict[str, Any]]] | None:
        """State in the shape of `like`, and the history; None where there is none of the same inputs that is whole."""
        try:
            with safe_open(self.folder / _FILE, framework="numpy") as file:
                about = file.metadata() or {}
                if about.get("inputs") != self.inputs:
                    return None
                arrays = {name: jnp.asarray(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (FileNotFoundError, SafetensorError):
            return None
        _, tree = jax.tree_util.tree_flatten(like)
        return jax.tree_util.tree_unflatten(tree, [arrays[name] for name in _named(like)]), json.loads(about["history"])


def _named(state: Any) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    return {jax.tree_util.keystr(path): each for path, each in leaves}
