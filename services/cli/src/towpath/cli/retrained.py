"""What training says of its own decisions, in words."""

from __future__ import annotations

from typing import Any

import httpx
import typer

from towpath.cli.context import installed, plain
from towpath.core.errors import RetryableError, TowpathError

__all__ = ["retrained", "show"]

_TIMEOUT_S = 30.0


def retrained() -> dict[str, Any]:
    """GET /v1/retraining. Raises TowpathError with what training says."""
    here = installed()
    try:
        answer = httpx.get(f"{here.url('training')}/v1/retraining", headers=here.headers(), timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise RetryableError(f"training does not answer at {here.url('training')}: {error}") from error
    if answer.status_code != 200:
        raise TowpathError(f"training answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found


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
