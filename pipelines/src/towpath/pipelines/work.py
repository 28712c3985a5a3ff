"""The folder that a run's stages share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from google.protobuf import json_format
from google.protobuf.message import Message

from towpath.core.objective import Objective
from towpath.pipelines.steps.examples import Examples, label
from towpath.pipelines.steps.snapshot import load_snapshot, state_of

__all__ = ["Work"]

M = TypeVar("M", bound=Message)


class Work:
    """A run's folder. Results are JSON, arrays are npz without pickles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs: dict[str, Any] = self.read("inputs")
        self.home = Path(self.inputs["home"])
        self.objective = Objective.from_json(json.dumps(self.inputs["objective"]))
        self.windows = self.objective.contract.delivery.long_documents == "windows"

    def read(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    def write(self, name: str, value: Any) -> None:
        part = self.folder / f"{name}.json.part"
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False))
        part.replace(self.folder / f"{name}.json")

    def arrays(self, name: str) -> dict[str, Any]:
        with np.load(self.folder / f"{name}.npz", allow_pickle=False) as data:
            return dict(data)

    def write_arrays(self, name: str, **arrays: Any) -> None:
        np.savez(self.folder / f"{name}.npz", **arrays)

    def examples(self) -> Examples:
        """Raises as `load_snapshot`: a document that was forgotten since the last stage is noticed, too."""
        folder = Path(self.read("snapshot")["path"])
        return _examples(folder, state_of(folder), self.objective.to_json())

    def messages(self, name: str, kind: type[M]) -> Iterator[M]:
        with Path(self.inputs[name]).open(encoding="utf-8") as lines:
            for line in lines:
                yield json_format.ParseDict(json.loads(line), kind(), ignore_unknown_fields=True)


@lru_cache(maxsize=1)
def _examples(folder: Path, _state: tuple[int, ...], objective: str) -> Examples:
    """Stages that run one after the other in a process read and check a snapshot once, unless its state changes."""
    return label(load_snapshot(folder), Objective.from_json(objective))
