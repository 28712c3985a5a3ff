"""What a run is given and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from towpath.core.objective import Objective
from towpath.pipelines.steps.gate import Outcome
from towpath.v1 import ModelRelease

__all__ = ["OnStep", "RunInputs", "RunResult", "StepEvent"]


@dataclass(frozen=True)
class RunInputs:
    """Everything that a run depends on. Equal inputs give an equal snapshot and an equal model.

    Args:
        home: state of the installation; snapshots, bundles, runs and caches lie below it.
        documents, annotations: files of canonical JSON messages, one a line.
        reigning: the release to replace, None where none reigns. One that was trained on nothing (no snapshot) is not
            compared with: the objective's baselines are.
        reigning_bundle: its folder, where its URI is not one on this machine.
        encoder: a folder with a built encoder; all-MiniLM-L6-v2 is built when absent.
        trace_id: W3C trace id that the run goes on with, in its log and in MLflow; it changes nothing that is made.
    """

    run_id: str
    home: Path
    objective: Objective
    documents: Path
    annotations: Path
    code_revision: str
    reigning: ModelRelease | None = None
    reigning_bundle: Path | None = None
    encoder: Path | None = None
    seed: int = 0
    trace_id: str = ""


@dataclass(frozen=True)
class StepEvent:
    """A step began, ended or failed; `detail` is for people."""

    step: str
    status: Literal["running", "succeeded", "failed"]
    seconds: float = 0.0
    detail: str = ""


OnStep = Callable[[StepEvent], None]


@dataclass(frozen=True)
class RunResult:
    """What a run found. `release` and `bundle` are there when the gate passed, `report_url` when it was published.

    `data_findings`: check, severity, count and share of each check of the data. `behaviour`: name, verdict, cases and
    rate of each of the objective's behaviour tests.
    """

    run_id: str
    snapshot_id: str
    outcome: Outcome
    explanation: str
    metrics: dict[str, float]
    comparisons: list[dict[str, Any]]
    report: Path
    release: ModelRelease | None = None
    bundle: Path | None = None
    model_sha256: str = ""
    report_url: str = ""
    data_findings: list[dict[str, Any]] = field(default_factory=list)
    behaviour: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
