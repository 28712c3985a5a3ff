"""What training says of its own decisions, in words."""

from __future__ import annotations

from typing import Any

import typer

from towpath.cli.asking import asked
from towpath.cli.context import plain

__all__ = ["retrained", "show"]


def retrained() -> dict[str, Any]:
    """GET /v1/retraining. Raises TowpathError with what training says."""
    return asked("training", "GET", "/v1/retraining")


def show(found: dict[str, Any]) -> None:
    """On standard output."""
    for line in _lines(found):
        typer.echo(plain(line))


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [_state(found)]
    lines += [f"asks: {each['summary']}" for each in found["asked"]]
    for each in found["decisions"]:
        outcome = f" ({each['outcome']})" if each["outcome"] else ""
        lines.append(f"{each['at'][:19]}  {', '.join(each['causes'])}: {each['told']}{outcome}")
    return lines


def _state(found: dict[str, Any]) -> str:
    if not found["auto"]:
        return "It trains when somebody asks it to: TOWPATH_TRAINING_AUTO is false."
    if found["lookedAt"] is None:
        return "It trains by itself, and still reads what is there."
    said = f"{found['newAnnotatedDocuments']} documents were annotated since the last run."
    waiting = found["waiting"]
    if waiting is None:
        return f"{said} Nothing waits for a run."
    until = f", until {waiting['until'][:19]}" if waiting["until"] else ""
    return f"{said} {', '.join(waiting['causes'])}: waits for {waiting['why']}{until}."
