"""Running the pipeline: the stages in this process, or the compiled Kubeflow pipeline by kfp.local."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import structlog
from google.protobuf import json_format
from structlog.contextvars import bound_contextvars

from towpath.core.errors import RejectedError
from towpath.pipelines.inputs import OnStep, RunInputs, RunResult, StepEvent
from towpath.pipelines.report import write_report
from towpath.pipelines.stages import STAGES, Work
from towpath.v1 import GateOutcome, ModelRelease, TaskKind

if TYPE_CHECKING:
    from towpath.pipelines.kfp.backend import KfpBackend

__all__ = ["Runner", "run_pipeline"]

_log = structlog.get_logger(__name__)
Runner = Literal["direct", "kfp-local", "kfp"]
_OUTCOMES = {
    "pass": GateOutcome.GATE_OUTCOME_PASS,
    "fail": GateOutcome.GATE_OUTCOME_FAIL,
    "no baseline": GateOutcome.GATE_OUTCOME_NO_BASELINE,
    "not enough data": GateOutcome.GATE_OUTCOME_NOT_ENOUGH_DATA,
}


def run_pipeline(
    inputs: RunInputs,
    *,
    runner: Runner = "direct",
    on_step: OnStep | None = None,
    backend: KfpBackend | None = None,
) -> RunResult:
    """From messages to a gated bundle. A run that ended half-way is done again from its start; caches are kept.

    Args:
        backend: for the runner `kfp`.

    Raises:
        TowpathError: a step failed; which one was told to `on_step`.
    """
    tell = on_step or (lambda _: None)
    folder = prepare(inputs)
    if runner == "kfp-local":
        from towpath.pipelines.kfp.local import run_locally

        seconds = run_locally(folder, tell)
    elif runner == "kfp":
        from towpath.pipelines.kfp.backend import run_on_backend

        if backend is None:
            raise RejectedError("the runner kfp needs a backend: give its endpoint")
        seconds = run_on_backend(folder, inputs.objective.name, tell, backend)
    else:
        seconds = {name: run_stage(name, folder, tell) for name in STAGES}
    return _result(inputs, Work(folder), seconds)


def prepare(inputs: RunInputs) -> Path:
    """Write the run's folder with what every stage needs."""
    folder = inputs.home.resolve() / "runs" / inputs.run_id
    folder.mkdir(parents=True, exist_ok=True)
    reigning = inputs.reigning
    given = {
        "runId": inputs.run_id,
        "home": str(inputs.home.resolve()),
        "objective": json.loads(inputs.objective.to_json()),
        "documents": str(inputs.documents.resolve()),
        "annotations": str(inputs.annotations.resolve()),
        "codeRevision": inputs.code_revision,
        "encoder": str(inputs.encoder.resolve()) if inputs.encoder else None,
        "seed": inputs.seed,
        "traceId": inputs.trace_id,
        "reigning": None
        if reigning is None or not reigning.snapshot_id
        else {
            "path": str(inputs.reigning_bundle or unquote(urlsplit(reigning.bundle_uri).path)),
            "sha256": reigning.bundle_sha256,
            "releaseId": reigning.release_id,
        },
    }
    (folder / "inputs.json").write_text(json.dumps(given, indent=1, ensure_ascii=False))
    return folder


def run_stage(name: str, folder: Path, tell: OnStep) -> float:
    """One stage; returns its seconds."""
    begin, work = time.perf_counter(), Work(folder)
    tell(StepEvent(name, "running"))
    with bound_contextvars(run_id=work.inputs["runId"], trace_id=work.inputs.get("traceId", "")):
        try:
            detail = STAGES[name](work)
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
            tell(StepEvent(name, "failed", time.perf_counter() - begin, why))
            _log.error("pipeline.failed", stage=name, reason=why)
            raise
        seconds = time.perf_counter() - begin
        _log.info("pipeline.done", stage=name, seconds=round(seconds, 3), detail=detail)
    tell(StepEvent(name, "succeeded", seconds, detail))
    return seconds


def _result(inputs: RunInputs, work: Work, seconds: dict[str, float]) -> RunResult:
    gate, snapshot = work.read("gate"), work.read("snapshot")
    metrics = work.read("metrics") if (work.folder / "metrics.json").exists() else {}
    packaged = work.read("package") if gate["outcome"] in ("pass", "no baseline") else None
    release = _release(inputs, work, metrics) if packaged else None
    return RunResult(
        run_id=inputs.run_id,
        snapshot_id=snapshot["id"],
        outcome=gate["outcome"],
        explanation=gate["explanation"],
        metrics=metrics,
        comparisons=gate["comparisons"],
        report=write_report(work),
        release=release,
        bundle=Path(packaged["path"]) if packaged else None,
        model_sha256=packaged["sha256"] if packaged else "",
        data_findings=work.read("data")["findings"],
        behaviour=_behaviour(work),
        seconds=seconds,
    )


def _behaviour(work: Work) -> list[dict[str, Any]]:
    if work.objective.behaviour is None or not work.read("data")["ok"]:
        return []
    told = ("name", "verdict", "cases", "rate")
    return [{key: each[key] for key in told} for each in work.read("behaviour")["tests"]]


def _release(inputs: RunInputs, work: Work, metrics: dict[str, float]) -> ModelRelease:
    packaged, gate = work.read("package"), work.read("gate")
    release = ModelRelease(
        release_id=packaged["releaseId"],
        model_name=work.objective.name,
        task=TaskKind.TASK_KIND_TEXT_CLASSIFICATION,
        bundle_uri=Path(packaged["path"]).as_uri(),
        bundle_sha256=packaged["sha256"],
        run_id=inputs.run_id,
        snapshot_id=work.read("snapshot")["id"],
        objective_hash=work.objective.hash,
        code_revision=inputs.code_revision,
        gate_outcome=_OUTCOMES[gate["outcome"]],
        gate_explanation=gate["explanation"],
        metrics=metrics,
        previous_release_id=inputs.reigning.release_id if inputs.reigning else "",
    )
    release.created_at.GetCurrentTime()
    json_format.ParseDict(work.read("reference"), release.reference)
    if not release.reference.documents:
        release.ClearField("reference")
    return release
