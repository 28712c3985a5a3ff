"""Runs and models in MLflow: a SQLite file below the home, or a server (MLFLOW_TRACKING_URI)."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from towpath.core.errors import RetryableError
from towpath.core.objective import Objective
from towpath.pipelines.inputs import RunInputs, RunResult
from towpath.v1 import ModelRelease

__all__ = ["CHALLENGER", "CHAMPION", "challenge", "log_report", "promote", "record"]

CHAMPION, CHALLENGER = "champion", "challenger"
_REPORTS = ("data-report.html", "data-report.json", "behaviour.html", "behaviour.json")
_RELEASE_TAG = "towpath.release_id"


def record(inputs: RunInputs, result: RunResult) -> str:
    """Log the run, its report and, when it gave a release, the model; returns MLflow's run id.

    Raises:
        RetryableError: MLflow cannot be reached.
    """
    client = _client(inputs.home)
    from mlflow.exceptions import MlflowException

    try:
        return _record(client, inputs, result)
    except MlflowException as error:
        raise RetryableError(f"MLflow: {error}") from error


def log_report(
    home: Path,
    objective: Objective,
    name: str,
    files: Iterable[Path],
    metrics: Mapping[str, float],
    tags: Mapping[str, str] | None = None,
) -> str:
    """A run of its own, beside the objective's, with a report's files and figures; returns MLflow's run id.

    Figures that are not finite are left out.

    Raises:
        RetryableError: MLflow cannot be reached.
    """
    client = _client(home)
    from mlflow.exceptions import MlflowException

    try:
        identity: str = client.create_run(_experiment(client, objective.name, home), run_name=name).info.run_id
        for tag, text in {"towpath.objective_hash": objective.hash, "towpath.report": name, **(tags or {})}.items():
            client.set_tag(identity, tag, text)
        for metric, value in metrics.items():
            if math.isfinite(value):
                client.log_metric(identity, metric, value)
        for file in files:
            client.log_artifact(identity, str(file))
        client.set_terminated(identity, "FINISHED")
    except MlflowException as error:
        raise RetryableError(f"MLflow: {error}") from error
    return identity


def promote(home: Path, release: ModelRelease) -> None:
    """Move the alias `champion` to the release. Doing it again changes nothing.

    MLflow knows nothing of a release that no run made (a cold start): its alias stays as it is. Where there is neither
    a server nor a file, runs were recorded elsewhere (in a Job's own home): there is nothing to move.

    Raises:
        RetryableError: MLflow cannot be reached, or does not know the release.
    """
    if not release.run_id or not (_server() or _file(home).exists()):
        return
    client = _client(home)
    from mlflow.exceptions import MlflowException

    try:
        client.set_registered_model_alias(release.model_name, CHAMPION, _version(client, release))
    except MlflowException as error:
        raise RetryableError(f"MLflow: {error}") from error


def challenge(home: Path, name: str, release: ModelRelease | None) -> None:
    """Move the alias `challenger` of the model `name` to the release that is tried; None: no release has it.

    Doing it again changes nothing. What MLflow has never heard of is left out, as by `promote`.

    Raises:
        RetryableError: MLflow cannot be reached, or does not know the release.
    """
    if (release is not None and not release.run_id) or not (_server() or _file(home).exists()):
        return
    client = _client(home)
    from mlflow.exceptions import MlflowException

    try:
        if release is not None:
            client.set_registered_model_alias(name, CHALLENGER, _version(client, release))
        elif client.search_registered_models(f"name='{name}'"):
            client.delete_registered_model_alias(name, CHALLENGER)
    except MlflowException as error:
        raise RetryableError(f"MLflow: {error}") from error


def _version(client: Any, release: ModelRelease) -> str:
    found = client.search_model_versions(f"name='{release.model_name}'")
    version = next((each for each in found if each.tags.get(_RELEASE_TAG) == release.release_id), None)
    if version is None:
        raise RetryableError(f"MLflow knows no version of {release.model_name} that is {release.release_id}")
    return str(version.version)


def _client(home: Path) -> Any:
    # Its import takes seconds and its migrations log every step.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_ENABLE_TELEMETRY", "false")
    from mlflow.tracking import MlflowClient

    uri = _server() or f"sqlite:///{_file(home)}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _server() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", "")


def _file(home: Path) -> Path:
    return home.resolve() / "mlflow.db"


def _record(client: Any, inputs: RunInputs, result: RunResult) -> str:
    run = client.create_run(_experiment(client, inputs.objective.name, inputs.home), run_name=inputs.run_id)
    identity: str = run.info.run_id
    about = {
        "towpath.run_id": inputs.run_id,
        "towpath.snapshot_id": result.snapshot_id,
        "towpath.objective_hash": inputs.objective.hash,
        "towpath.code_revision": inputs.code_revision,
        "towpath.gate": result.outcome,
        "towpath.trace_id": inputs.trace_id,
    }
    for tag, text in about.items():
        client.set_tag(identity, tag, text)
    client.log_param(identity, "seed", inputs.seed)
    for name, value in result.metrics.items():
        client.log_metric(identity, name, value)
    for each in result.data_findings:
        client.log_metric(identity, f"data.{each['check']}.count", each["count"])
        client.log_metric(identity, f"data.{each['check']}.share", each["share"])
    for each in result.behaviour:
        client.log_metric(identity, f"behaviour.{each['name']}.failure_rate", each["rate"])
    for name in _REPORTS:
        if (result.report.parent / name).exists():
            client.log_artifact(identity, str(result.report.parent / name))
    client.log_artifact(identity, str(result.report))
    client.log_artifact(identity, str(result.report.with_suffix(".md")))
    if result.release is not None and result.bundle is not None:
        _register(client, run, result.release, result.bundle)
    client.set_terminated(identity, "FINISHED")
    return identity


def _experiment(client: Any, name: str, home: Path) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    # A server says where artefacts go; a path of this pod means nothing to it.
    place = None if _server().startswith("http") else (home.resolve() / "mlruns").as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _register(client: Any, run: Any, release: ModelRelease, bundle: Path) -> None:
    client.log_artifacts(run.info.run_id, str(bundle), "bundle")
    if not client.search_registered_models(f"name='{release.model_name}'"):
        client.create_registered_model(release.model_name)
    client.create_model_version(
        release.model_name,
        f"{run.info.artifact_uri}/bundle",
        run.info.run_id,
        tags={_RELEASE_TAG: release.release_id, "towpath.bundle_sha256": release.bundle_sha256},
    )
