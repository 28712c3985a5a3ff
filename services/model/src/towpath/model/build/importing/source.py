"""The files of a Hugging Face folder: limited, within the folder, and read as what they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.model.build.importing.errors import EncoderError

__all__ = ["Source"]

_MOST_FILES, _MOST_DEPTH = 1_000, 4
# Vocabularies of 250,000 tokens take 17 MB; a graph must stay below protobuf's 2 GiB.
_SMALL, _LARGE = 100_000_000, 8_000_000_000
_CODE = "auto_map"


@dataclass(frozen=True)
class Source:
    """A folder whose entries were looked at: no link leads out of it, nothing is larger than it may be."""

    folder: Path

    @classmethod
    def opened(cls, folder: Path) -> Source:
        """Raises EncoderError: no such folder, a link that leads out of it, too many files, too large a file."""
        if not folder.is_dir():
            raise EncoderError(f"{folder}: no such folder")
        root = folder.resolve()
        for number, file in enumerate(folder.rglob("*")):
            if number >= _MOST_FILES or len(file.relative_to(folder).parts) > _MOST_DEPTH:
                raise EncoderError(f"{folder}: more than {_MOST_FILES} files, or {_MOST_DEPTH} deep: no model's folder")
            if not file.resolve().is_relative_to(root):
                raise EncoderError(f"{file}: a link that leads out of the folder; copy it with its files (cp -rL)")
            most = _LARGE if file.suffix == ".safetensors" else _SMALL
            # What is never opened (pickles, graphs for other programs) may be of any size.
            if file.suffix in (".safetensors", ".json", ".txt") and file.stat().st_size > most:
                raise EncoderError(f"{file}: {file.stat().st_size:,} bytes, {most:,} are taken at most")
        return cls(folder)

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def json(self, name: str) -> dict[str, Any]:
        """An object. Raises EncoderError where it is none."""
        found = self._read(name)
        if not isinstance(found, dict):
            raise EncoderError(f"{self.folder / name}: not a JSON object")
        return found

    def optional(self, name: str) -> dict[str, Any]:
        """Empty where there is no such file."""
        return self.json(name) if self.has(name) else {}

    def objects(self, name: str) -> list[dict[str, Any]]:
        """A list of objects."""
        found = self._read(name)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise EncoderError(f"{self.folder / name}: not a list of JSON objects")
        return found

    def config(self) -> dict[str, Any]:
        """config.json. Raises EncoderError: there is none, or the model brings code of its own."""
        if not self.has("config.json"):
            raise EncoderError(f"{self.folder}: has no config.json: not a Hugging Face folder of a model")
        found = self.json("config.json")
        if _CODE in found:
            raise EncoderError(
                f"{self.folder / 'config.json'}: {_CODE}: the model brings its own code, which is not run"
            )
        return found

    def inside(self, name: object) -> Path:
        """A file or folder that a file of the folder names."""
        if not isinstance(name, str) or not (self.folder / name).resolve().is_relative_to(self.folder.resolve()):
            raise EncoderError(f"{self.folder}: {name!r} leads out of the folder")
        return self.folder / name

    def _read(self, name: str) -> Any:
        file = self.folder / name
        try:
            return json.loads(file.read_bytes())
        except OSError as error:
            raise EncoderError(f"{file}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise EncoderError(f"{file}: not JSON: {str(error)[:200]}") from error
