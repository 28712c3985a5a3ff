"""The floors' programs, in processes of their own."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks.delivery.place import Place, module
from benchmarks.delivery.runs import BenchError

__all__ = ["begun", "ended", "printed", "texts_file"]


def printed(place: Place, name: str, *arguments: object) -> dict[str, Any]:
    """What the program prints last, which is JSON.

    Raises:
        BenchError: it fails.
    """
    return ended(begun(place, name, *arguments), name)


def begun(place: Place, name: str, *arguments: object) -> subprocess.Popen[str]:
    """It runs; `ended` waits for it."""
    command = [*module(f"floors.{name}"), *map(str, arguments)]
    environment = {**place.our_environment("", "", bundle=None), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    out, err = process.communicate(timeout=600)
    if process.returncode != 0:
        raise BenchError(f"{name}: {err[-1500:]}")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def texts_file(place: Place) -> str:
    """The run's texts, as many as it has documents, as JSON; the same order for all."""
    file = place.folder / "texts.json"
    some = [place.texts[n % len(place.texts)] for n in range(place.scale.documents)]
    file.write_text(json.dumps(some), encoding="utf-8")
    return str(file)
