"""`python -m towpath.pipelines`: one run on files, with steps told as JSON lines on standard output."""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from structlog.contextvars import bind_contextvars

from towpath.core.errors import RejectedError, TowpathError
from towpath.core.ids import new_traceparent
from towpath.core.objective import Objective, load_objective
from towpath.core.service import configure_logging
from towpath.core.store import Store
from towpath.core.stream import trace_id_of
from towpath.pipelines import RunInputs, RunResult, StepEvent, run_pipeline
from towpath.pipelines.encoders import encoder_folder
from towpath.pipelines.kfp.backend import KfpBackend
from towpath.pipelines.remote import chosen_store, fetch_file, fetch_reigning, publish
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.whole import write_messages
from towpath.pipelines.steps.ages import asked_for
from towpath.pipelines.telling import tell, tell_step
from towpath.pipelines.tracking import record
from towpath.v1 import ModelRelease

_MESSAGES = ("documents", "annotations")
_TERMINATED = 128 + signal.SIGTERM
_EXAMPLE = """example:
  python -m towpath.pipelines --run-id try-1 --home .towpath --objective objective.yaml \\
      --documents documents.ndjson --annotations annotations.ndjson"""


def main() -> int:
    """Exit code 0 whatever the gate says, 1 when a step fails."""
    options = _parser().parse_args()
    # The first process of a container has no default for it, and would be killed at the end of the grace period.
    configure_logging("pipeline")
    bind_contextvars(run_id=options.run_id, trace_id=options.trace_id)
    signal.signal(signal.SIGTERM, _interrupt if options.runner == "kfp" else lambda *_: os._exit(_TERMINATED))
    try:
        store = chosen_store(options.store)
        inputs = _inputs(options, store)
        result = run_pipeline(inputs, runner=options.runner, on_step=tell_step, backend=_backend(options))
        if store is not None:
            tell_step(StepEvent("publish", "running"))
            result = publish(store, result, inputs.home / "runs" / inputs.run_id)
            tell_step(StepEvent("publish", "succeeded", detail=f"in {store.url.url}"))
        tell_step(StepEvent("track", "running"))
        mlflow_run = record(inputs, result)
        tell_step(StepEvent("track", "succeeded", detail=mlflow_run))
    except (TowpathError, OSError, ValueError) as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        return 1
    tell({"result": _plain(result)})
    return 0


def _interrupt(*_: object) -> None:
    """What runs elsewhere is ended on the way out."""
    raise SystemExit(_TERMINATED)


def _backend(options: argparse.Namespace) -> KfpBackend | None:
    if not options.kfp_endpoint:
        return None
    return KfpBackend(options.kfp_endpoint, options.image, options.volume, options.kfp_namespace)


def _inputs(options: argparse.Namespace, store: Store | None) -> RunInputs:
    folder = options.home / "runs" / options.run_id
    objective = load_objective(fetch_file(store, options.objective, folder / "objective.yaml"))
    files = _messages(options, store, objective, folder)
    reigning = None
    if options.reigning:
        told = fetch_file(store, options.reigning, folder / "reigning.json").read_text()
        reigning = json_format.Parse(told, ModelRelease())
    return RunInputs(
        run_id=options.run_id,
        home=options.home,
        objective=objective,
        documents=files["documents"],
        annotations=files["annotations"],
        code_revision=options.code_revision,
        reigning=reigning,
        reigning_bundle=fetch_reigning(store, reigning, options.home),
        encoder=encoder_folder(options.encoder, options.home, store) if options.encoder else None,
        seed=options.seed,
        trace_id=options.trace_id,
    )


def _messages(options: argparse.Namespace, store: Store | None, objective: Objective, folder: Path) -> dict[str, Path]:
    """Files of documents and annotations: those given, or a snapshot's."""
    given = {name: getattr(options, name) for name in _MESSAGES}
    if not options.snapshot:
        if None in given.values():
            raise RejectedError("what is it trained on? --documents and --annotations, or --snapshot")
        return {name: fetch_file(store, file, folder / f"{name}.ndjson") for name, file in given.items()}
    if any(given.values()):
        raise RejectedError("give either --snapshot or files of documents and annotations, not both")
    depot = Depot.open(store, options.home)
    manifest = depot.find(options.snapshot)
    if manifest.dated != asked_for(objective):
        wants = "wants" if asked_for(objective) else "does not want"
        raise RejectedError(
            f"{objective.name} {wants} to know when documents were made (retraining.window, halfLife), and the "
            f"snapshot {manifest.id} is of one that is otherwise: make one with this objective (towpath data snapshot)"
        )
    return dict(zip(_MESSAGES, write_messages(depot, manifest, folder), strict=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.pipelines",
        description="Snapshot, validate, split, encode, train, quantise, evaluate, gate, package; then MLflow.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--home", type=Path, required=True, help="state of the installation")
    parser.add_argument("--store", metavar="URL", help="publish to s3://bucket/prefix or file:///folder; URLs below it")
    for name, about in (
        ("--objective", "objective.yaml"),
        ("--documents", "canonical JSON of towpath.v1.Document, one a line"),
        ("--annotations", "canonical JSON of towpath.v1.Annotation, one a line"),
    ):
        required = name == "--objective"
        parser.add_argument(name, metavar="FILE", required=required, help=f"{about}; a file or a URL in the store")
    parser.add_argument("--snapshot", metavar="ID", default="", help="of towpath data snapshot, instead of both files")
    parser.add_argument("--reigning", metavar="FILE", help="canonical JSON of the reigning towpath.v1.ModelRelease")
    parser.add_argument(
        "--encoder", metavar="ID", help="of an imported one, or a built one's folder; all-MiniLM-L6-v2 when absent"
    )
    parser.add_argument("--code-revision", default="")
    parser.add_argument("--trace-id", type=_trace_id, default="", help="W3C trace id that the run goes on with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runner", choices=("direct", "kfp-local", "kfp"), default="direct")
    parser.add_argument("--kfp-endpoint", metavar="URL", help="of the KFP API, for --runner kfp")
    parser.add_argument("--kfp-namespace", default="", help="where KFP has several users: whose run it is")
    parser.add_argument("--image", default="", help="of the stages in KFP; the compiled one when absent")
    parser.add_argument("--volume", default="towpath-store", help="claim in KFP that has the home")
    return parser


def _trace_id(text: str) -> str:
    if text and not trace_id_of(new_traceparent(text)):
        raise argparse.ArgumentTypeError("32 hexadecimal digits, not all of them 0, were wanted")
    return text


def _plain(result: RunResult) -> dict[str, Any]:
    data = {each.name: getattr(result, each.name) for each in dataclasses.fields(result)}
    data["report"] = data.pop("report_url") or str(result.report)
    data["release"] = json_format.MessageToDict(result.release) if result.release is not None else None
    return data


if __name__ == "__main__":
    sys.exit(main())
