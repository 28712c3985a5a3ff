"""What training says of releases, what monitoring has seen of the one that is tried, and a table of both."""

from __future__ import annotations

from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from towpath.cli.asking import asked, me
from towpath.cli.context import console, installed, plain

__all__ = ["change", "evidence", "releases", "show"]

_SHOWN = 60


def releases() -> dict[str, Any]:
    """Raises TowpathError with what training says."""
    return asked("training", "GET", "/v1/releases")


def change(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST /v1/rollouts… Raises TowpathError with what training says."""
    return asked("training", "POST", f"/v1/rollouts{path}", json={**body, "actor": me()})


def evidence() -> list[dict[str, Any]]:
    """What the running rollout has shown; none where monitoring is away, which is told."""
    here = installed()
    try:
        answer = httpx.get(f"{here.url('monitoring')}/v1/rollouts", headers=here.headers(), timeout=10.0)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["rollouts"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        console.print(plain(f"monitoring cannot be asked what has been seen ({error})"), markup=False, highlight=False)
        return []
    return found


def show(known: dict[str, Any], seen: list[dict[str, Any]]) -> None:
    """A table on standard output, and what runs in words."""
    rollout = known["rollout"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    # An id is there to be copied, and never cut off or wrapped; of why it passed its gate a line or two are enough.
    for name in ("release", "state", "made"):
        table.add_column(name, no_wrap=True)
    table.add_column("passed its gate because")
    for each in known["releases"]:
        words = (
            each["releaseId"],
            _state(each, known),
            each.get("createdAt", "")[:16],
            each.get("gateExplanation", ""),
        )
        table.add_row(*(Text(plain(word)) for word in words))
    out = Console()
    out.print(table)
    if rollout is None:
        _say(out, _last(known["lastRollout"]))
    for each in seen if rollout is not None else ():
        if each["rolloutId"] == rollout["rolloutId"]:
            _say(out, f"{each['documents']} documents with feedback: {each['explanation']}")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _state(release: dict[str, Any], known: dict[str, Any]) -> str:
    rollout, identity = known["rollout"], release["releaseId"]
    if known["reigning"] is not None and identity == known["reigning"]["releaseId"]:
        return "reigns"
    if rollout is not None and identity == rollout["challenger"]["releaseId"]:
        mode = rollout["mode"].removeprefix("ROLLOUT_MODE_").lower()
        return f"{mode}, {rollout['share']:.4g}" if rollout.get("share") else mode
    if known["previous"] is not None and identity == known["previous"]["releaseId"]:
        return "reigned before"
    return ""


def _last(rollout: dict[str, Any] | None) -> str:
    if rollout is None:
        return "No release is being tried."
    outcome = rollout.get("outcome", "").removeprefix("ROLLOUT_OUTCOME_").lower().replace("_", " ")
    identity = rollout["challenger"]["releaseId"]
    return f"No release is being tried. The last was {identity}, {outcome}: {rollout.get('reason', '')}"


def _say(out: Console, words: str) -> None:
    out.print(Text(plain(words)))
