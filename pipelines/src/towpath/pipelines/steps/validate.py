"""Is there enough good data to train on? Each check says what was found and what was wanted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from towpath.core.objective import Objective
from towpath.pipelines.steps.examples import Examples

__all__ = ["Check", "DataReport", "validate"]


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class DataReport:
    """`ok` when every check passed; `notes` are counts that decide nothing."""

    checks: tuple[Check, ...]
    notes: dict[str, int]

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def words(self) -> str:
        return "; ".join(f"{check.name}: {check.found}" for check in self.checks if not check.passed) or "all passed"

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks], "notes": self.notes}


def validate(examples: Examples, objective: Objective) -> DataReport:
    """Check `examples` against the objective's data quality."""
    wanted = objective.contract.data_quality
    checks = [
        Check("documents", len(examples) >= wanted.min_documents, f"{len(examples)} of {wanted.min_documents} wanted")
    ]
    counts = np.bincount(examples.truth, minlength=len(objective.classes))
    for name, count in zip(objective.classes, counts, strict=True):
        least = wanted.min_documents_per_class
        checks.append(Check(f"class {name}", bool(count >= least), f"{count} of {least} wanted"))
    repeated = len(examples) - len({" ".join(text.lower().split()) for text in examples.texts})
    notes = {"repeated texts": repeated, **{f"left out, {why}": n for why, n in sorted(examples.left_out.items())}}
    return DataReport(tuple(checks), notes)
