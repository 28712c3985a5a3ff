"""What a folder says of itself: name, licence, where it is from."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from towpath.model.build.importing.source import Source

__all__ = ["license_of", "name_of", "sha256_of"]

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_MOST = 65_536
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def name_of(source: Source, config: dict[str, Any]) -> str:
    """The last part of `_name_or_path`, else the folder's name: at most 60 plain characters."""
    told = str(config.get("_name_or_path") or "").rstrip("/").rpartition("/")[2]
    plain = _ODD.sub("-", told or source.folder.resolve().name).strip("-.")
    return plain[:60] or "encoder"


def license_of(source: Source) -> str:
    """Of the front matter of README.md, as model cards have it; empty where it says nothing."""
    import yaml

    file = source.folder / "README.md"
    if not file.is_file():
        return ""
    with file.open(encoding="utf-8", errors="replace") as opened:
        found = _FRONT.match(opened.read(_MOST))
    try:
        front = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return ""
    told = front.get("license") if isinstance(front, dict) else None
    return told[:100] if isinstance(told, str) else ""


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
