"""What a check says, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["SEVERITIES", "Finding", "Report", "Sample", "Severity"]

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Sample:
    """A row that shows what was found, cut, free of personal data; `like` is what it repeats or contradicts."""

    id: str
    text: str
    label: str = ""
    part: str = ""
    like: Sample | None = None


@dataclass(frozen=True)
class Finding:
    """`severity`: error beyond the objective's limit, warning where something was found, info where nothing was.

    `count` of `share` (0 to 1, of the documents that the check is about); `limit` as the objective has it, None where
    it has none; `rows` are ids, at most 100; `said` is the finding in words.
    """

    check: str
    severity: Severity
    said: str
    count: int
    share: float
    limit: float | None = None
    rows: tuple[str, ...] = ()
    sample: tuple[Sample, ...] = ()
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """`facts` are figures that decide nothing, as histograms; what they are is in `quality.checks`."""

    findings: tuple[Finding, ...]
    facts: dict[str, Any]

    @property
    def ok(self) -> bool:
        """No limit was crossed."""
        return not self.of("error")

    def of(self, severity: Severity) -> list[Finding]:
        return [each for each in self.findings if each.severity == severity]

    @property
    def words(self) -> str:
        """What is beyond a limit, in a line."""
        return "; ".join(f"{each.check}: {each.said}" for each in self.of("error")) or "all within the limits"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok, "findings": [asdict(each) for each in self.findings], "facts": self.facts}

    def counts(self) -> dict[tuple[str, Severity], int]:
        """Documents by check and severity, for metrics. Checks are a fixed few, whatever is in the data."""
        return {(each.check, each.severity): each.count for each in self.findings}


def severity(count: float, share: float, limit: float | None) -> Severity:
    """Of what was found, held against a share."""
    if limit is not None and share > limit:
        return "error"
    return "warning" if count else "info"


def worst(findings: Sequence[Finding]) -> Severity:
    return next((each for each in SEVERITIES if any(f.severity == each for f in findings)), "info")
