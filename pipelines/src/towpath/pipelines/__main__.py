"""`python -m towpath.pipelines`: one run on files, with steps told as JSON lines on standard output."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from towpath.core.errors import TowpathError
from towpath.core.objective import load_objective
from towpath.pipelines import RunInputs, RunResult, StepEvent, run_pipeline
from towpath.pipelines.telling import tell
from towpath.pipelines.tracking import record
from towpath.v1 import ModelRelease

_EXAMPLE = """example:
  python -m towpath.pipelines --run-id try-1 --home .towpath --objective objective.yaml \\
      --documents documents.ndjson --annotations annotations.ndjson"""


def main() -> int:
    """Exit code 0 whatever the gate says, 1 when a step fails."""
    options = _parser().parse_args()
    reigning = ModelRelease()
    if options.reigning:
        json_format.Parse(options.reigning.read_text(), reigning)
    try:
        inputs = RunInputs(
            run_id=options.run_id,
            home=options.home,
            objective=load_objective(options.objective),
            documents=options.documents,
            annotations=options.annotations,
            code_revision=options.code_revision,
            reigning=reigning if options.reigning else None,
            encoder=options.encoder,
            seed=options.seed,
        )
        result = run_pipeline(inputs, runner=options.runner, on_step=_tell_step)
        _tell_step(StepEvent("track", "running"))
        mlflow_run = record(inputs, result)
        _tell_step(StepEvent("track", "succeeded", detail=mlflow_run))
    except (TowpathError, OSError, ValueError) as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        return 1
    tell({"result": _plain(result)})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.pipelines",
        description="Snapshot, validate, split, encode, train, evaluate, gate, package; then MLflow.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run-id", required=True)
    for name, about in (
        ("--home", "state of the installation"),
        ("--objective", "objective.yaml"),
        ("--documents", "canonical JSON of towpath.v1.Document, one a line"),
        ("--annotations", "canonical JSON of towpath.v1.Annotation, one a line"),
    ):
        parser.add_argument(name, type=Path, required=True, help=about)
    parser.add_argument("--reigning", type=Path, help="canonical JSON of the reigning towpath.v1.ModelRelease")
    parser.add_argument("--encoder", type=Path, help="folder of a built encoder; all-MiniLM-L6-v2 when absent")
    parser.add_argument("--code-revision", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runner", choices=("direct", "kfp-local"), default="direct")
    return parser


def _plain(result: RunResult) -> dict[str, Any]:
    data = {each.name: getattr(result, each.name) for each in dataclasses.fields(result)}
    data["release"] = json_format.MessageToDict(result.release) if result.release is not None else None
    return data


def _tell_step(event: StepEvent) -> None:
    tell({"step": dataclasses.asdict(event)})


if __name__ == "__main__":
    sys.exit(main())
