"""Are the data good enough to train on? The data report of what would be trained on, and what of it stops training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from towpath.core.objective import Objective
from towpath.pipelines.steps.examples import Examples
from towpath.pipelines.steps.split import part_of
from towpath.preparation.quality.audit import profile_of, report_of
from towpath.preparation.quality.checks import skews
from towpath.preparation.quality.finding import Finding, Report
from towpath.preparation.quality.items import Item

__all__ = ["Check", "DataReport", "validate"]


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class DataReport:
    """`ok` when every check passed; `notes` are counts that decide nothing; `audit` has it all, with rows."""

    checks: tuple[Check, ...]
    notes: dict[str, int]
    audit: Report

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def words(self) -> str:
        """What stops training, or what is worth a look."""
        failed = "; ".join(f"{check.name}: {check.found}" for check in self.checks if not check.passed)
        found = "; ".join(f"{each.check}: {each.said}" for each in self.audit.of("warning"))
        return failed or (f"all within the limits; noted: {found}" if found else "all within the limits")

    def to_dict(self) -> dict[str, Any]:
        findings = [
            {"check": f.check, "severity": f.severity, "count": f.count, "share": f.share} for f in self.findings
        ]
        return {
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
            "notes": self.notes,
            "findings": findings,
        }

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.audit.findings


def validate(
    examples: Examples,
    objective: Objective,
    *,
    now: float,
    made: dict[str, float] | None = None,
    served: Sequence[Item] = (),
) -> DataReport:
    """Check `examples` against the objective's data quality.

    Args:
        now: Unix seconds.
        made: when a document was made (Unix seconds), by id.
        served: documents that nobody labelled: skew between them and the examples is noted, and stops nothing, for
            labelling some of them and training again is what mends it.
    """
    limits, times = objective.contract.data_quality, made or {}
    items = [
        Item(identity, text, objective.classes[truth], part_of(text), times.get(identity))
        for identity, text, truth in zip(examples.ids, examples.texts, examples.truth, strict=True)
    ]
    trained = profile_of(items, limits, objective.classes, now=now)
    report = report_of(trained, lambda: items, limits, test_parts=["test"])
    if served:
        live = profile_of(served, limits, objective.classes, now=now)
        noted = [
            replace(each, severity="warning") if each.severity == "error" else each for each in skews(live, trained)
        ]
        report = replace(report, findings=(*report.findings, *noted))
    checks = tuple(Check(each.check, each.severity != "error", each.said) for each in report.findings)
    notes = {f"left out, {why}": count for why, count in sorted(examples.left_out.items())}
    return DataReport(checks, notes, report)
