"""Asking monitoring for the report."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from towpath.cli.asking import asked
from towpath.core.errors import TowpathError
from towpath.monitoring.domain.windows.shown import Against, WindowReport

__all__ = ["report_of"]

# Comparing is some seconds of work, and one caller waits for another.
_TIMEOUT_S = 120.0


def report_of(against: Against, documents: int | None, hours: float | None) -> WindowReport:
    """Raises TowpathError with what monitoring says where there is no report."""
    given: dict[str, Any] = {"against": against, "documents": documents, "hours": hours}
    params = {name: value for name, value in given.items() if value is not None}
    answer = asked("monitoring", "GET", "/v1/windows", params=params, timeout=_TIMEOUT_S)
    try:
        return WindowReport.model_validate(answer)
    except ValidationError as error:
        raise TowpathError(f"monitoring's answer is no report: is it of another version? {error}") from None
