"""What monitoring says of alerts, in lines; and what is asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from towpath.cli.asking import asked, me
from towpath.cli.context import plain

__all__ = ["alert", "alerts", "change", "show", "show_one", "silence", "unsilence"]


def alerts(*, closed: bool) -> dict[str, Any]:
    """Raises TowpathError with what monitoring says, as do the others."""
    return asked("monitoring", "GET", "/v1/alerts", params={"all": closed})


def alert(alert_id: str) -> dict[str, Any]:
    return asked("monitoring", "GET", f"/v1/alerts/{_part(alert_id)}")


def change(alert_id: str, what: str, reason: str) -> dict[str, Any]:
    """`what` is acknowledge or resolve."""
    said = {"actor": me(), "reason": reason}
    return asked("monitoring", "POST", f"/v1/alerts/{_part(alert_id)}/{what}", json=said)


def silence(cause: str, end: dict[str, str], reason: str) -> dict[str, Any]:
    """`end` is {"for": …} or {"until": …}."""
    return asked("monitoring", "POST", "/v1/silences", json={"cause": cause, "actor": me(), "reason": reason, **end})


def unsilence(silence_id: str, reason: str) -> None:
    asked("monitoring", "DELETE", f"/v1/silences/{_part(silence_id)}", params={"actor": me(), "reason": reason})


def show(found: dict[str, Any]) -> None:
    """A few lines each on standard output: ids are there to be copied, and never cut off."""
    out = Console()
    for each in found["alerts"]:
        _say(out, f"{each['alertId']}  {each['severity']:<7}  {_state(each):<12}  {_when(each['firedAt'])}")
        _say(out, f"    {each['summary']}")
    if not found["alerts"]:
        _say(out, "No alerts.")
    if found["silences"]:
        _say(out, "Silenced:")
    for each in found["silences"]:
        _say(out, f"{each['silenceId']}  {each['cause']}  until {_when(each['until'])}")
        _say(out, f"    {each['reason']} ({each['actor']})")


def show_one(each: dict[str, Any]) -> None:
    """All that is known of an alert, a line a fact."""
    out = Console()
    out.print(Text(plain(each["summary"]), style="bold"))
    facts = {
        "state": _state(each),
        "severity": each["severity"],
        "cause": each["cause"],
        "objective": each["objective"],
        "release": each["releaseId"],
        "began": _when(each.get("beganAt")),
        "fired": _when(each["firedAt"]),
        "over": _when(each.get("resolvedAt")),
        "extra cost": f"{each['extraCostPerThousand']:.4g} per 1,000 documents" if each["extraCostPerThousand"] else "",
        "by": each["actor"],
        "because": each["reason"],
        "evidence": ", ".join(f"{name} {value:.4g}" for name, value in sorted(each["evidence"].items())),
        "documents": ", ".join(each["documentIds"]),
        "trace": each["traceId"],
        "what to do": each["runbookUrl"],
    }
    for name, value in facts.items():
        if value:
            _say(out, f"{name:<12}{value}")


def _say(out: Console, words: str) -> None:
    out.print(Text(plain(words)), soft_wrap=True)


def _state(each: dict[str, Any]) -> str:
    silenced = each.get("silencedUntil")
    return f"{each['state']}, silenced" if silenced else str(each["state"])


def _when(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}" if moment else ""


def _part(identity: str) -> str:
    return quote(identity, safe="")
