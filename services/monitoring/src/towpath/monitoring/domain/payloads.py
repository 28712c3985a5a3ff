"""Alerts as Alertmanager writes them to webhooks (version 4) and reads them (/api/v2/alerts). Pure.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config and .../clients/. Labels are what an alert is
known by; they stay as they were when it fired.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from towpath.monitoring.domain.alerts import Entry, Key
from towpath.monitoring.domain.figures import severity_name
from towpath.monitoring.domain.telling import Notice

__all__ = ["RECEIVER", "labels_of", "to_alertmanager", "webhook"]

RECEIVER = "towpath"
_NEVER = "0001-01-01T00:00:00Z"
_DOCUMENTS = 10


def webhook(notice: Notice, unit: str) -> dict[str, Any]:
    """The body of one POST: a group of one alert, that of a cause. `unit`: of the objective's costs."""
    entry, firing = notice.entry, notice.firing
    labels, annotations = labels_of(entry), _annotations(entry, unit)
    status = "firing" if firing else "resolved"
    group = {name: labels[name] for name in ("alertname", "cause", "objective") if name in labels}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _moment(entry.started_ns),
        "endsAt": _NEVER if firing else _moment(max(entry.resolved_ns, entry.started_ns)),
        "generatorURL": "",
        "fingerprint": _fingerprint(entry.key),
    }
    return {
        "version": "4",
        "groupKey": f"{RECEIVER}:{_fingerprint(entry.key)}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": RECEIVER,
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }


def to_alertmanager(
    firing: Iterable[Entry], over: Iterable[Entry], unit: str, now: datetime, lasting: timedelta
) -> list[dict[str, Any]]:
    """The body of a POST: what fires does so for `lasting` from `now` unless it is posted again."""
    ends = [*((each, now + lasting) for each in firing), *((each, _time(each.resolved_ns)) for each in over)]
    return [
        {
            "labels": labels_of(entry),
            "annotations": _annotations(entry, unit),
            "startsAt": _moment(entry.started_ns),
            "endsAt": max(end, _time(entry.started_ns)).isoformat().replace("+00:00", "Z"),
        }
        for entry, end in ends
    ]


def labels_of(entry: Entry) -> dict[str, str]:
    """Those without a value are left out, as Prometheus has it."""
    fired = entry.fired
    labels = {
        "alertname": "Towpath" + "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", fired.monitor)),
        "severity": severity_name(entry.severity),
        "objective": fired.objective,
        "monitor": fired.monitor,
        "cause": entry.key[1],
        "release": fired.release_id,
    }
    return {name: value for name, value in labels.items() if value}


def _annotations(entry: Entry, unit: str) -> dict[str, str]:
    alert, extra = entry.alert, entry.fired.extra_cost_per_thousand
    annotations = {
        "summary": alert.summary,
        "runbook_url": alert.runbook_url,
        "extra_cost": f"{extra:.4g} {unit} per 1,000 documents" if extra else "",
        "documents": ", ".join(alert.document_ids[:_DOCUMENTS]),
        "alert_id": entry.alert_id,
        "reason": alert.reason,
    }
    return {name: value for name, value in annotations.items() if value}


def _fingerprint(key: Key) -> str:
    """The same whenever it is the same trouble, whatever its severity."""
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _moment(ns: int) -> str:
    return _time(ns).isoformat().replace("+00:00", "Z")


def _time(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)
