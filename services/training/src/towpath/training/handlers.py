"""Training: from what is in Kafka to a release on `models`, one run at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from google.protobuf import json_format
from structlog.contextvars import bound_contextvars

from towpath.core.errors import ConflictError, RetryableError, TowpathError
from towpath.core.ids import new_id, new_traceparent
from towpath.core.objective import Objective, load_objective
from towpath.core.objective.periods import seconds_of
from towpath.core.service import Backoff
from towpath.core.store import Store, forgotten_in, store_or_home
from towpath.core.stream import Broker, Codec, Registry, trace_id_of
from towpath.training.adapters.collect import collect
from towpath.training.adapters.handover import hand_over
from towpath.training.adapters.launch import Launch
from towpath.training.adapters.patience import limited
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.store import RunStore
from towpath.training.cold_start import ColdStart
from towpath.training.domain.runs import Run, Step, with_step
from towpath.training.metrics import TrainingMetrics
from towpath.training.rollouts import RolloutControl
from towpath.training.settings import TrainingSettings
from towpath.v1 import Annotation, Document, ModelRelease

__all__ = ["Trainer", "longest_s"]

_log = structlog.get_logger(__name__)


def longest_s(objective: Objective) -> float:
    """After how many seconds a run is given up."""
    return seconds_of(objective.contract.retraining.max_run_time)


@dataclass
class Trainer:
    """Queues at most one run; `loop` works on it. `rollouts` says what becomes of a release that passed its gate.

    `store` keeps what is known of runs on this home; `remote` is where all services find files, None for the home.
    `patience` says after how many seconds a run is given up.
    """

    broker: Broker
    codec: Codec
    registry: Registry
    store: RunStore
    metrics: TrainingMetrics
    settings: TrainingSettings
    releases: Releases
    launch: Launch
    rollouts: RolloutControl
    cold_start: ColdStart | None = None
    remote: Store | None = None
    patience: Callable[[Objective], float] = longest_s
    _restored: bool = False
    _restoring: threading.Lock = field(default_factory=threading.Lock)
    _queue: queue.Queue[Run] = field(default_factory=lambda: queue.Queue(1))
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _current: str | None = None

    def start(
        self,
        reason: str,
        *,
        causes: Sequence[str] = (),
        alert_ids: Sequence[str] = (),
        trace_id: str = "",
        snapshot_id: str = "",
        encoder: str = "",
    ) -> Run:
        """Queue a run.

        Args:
            snapshot_id: of what it is trained on; on what Kafka holds when it begins, where empty.
            encoder: id of an imported one; the setting's where empty.
            causes: what made it start by itself, and which alerts were among them; none where a person asked.
            trace_id: of the trace that it goes on with; of a new one when empty.

        Raises:
            ConflictError: one is queued or running.
        """
        with self._busy:
            if self._current is not None:
                raise ConflictError(f"{self._current} is not finished yet: GET /v1/runs/{self._current}")
            run = Run(
                run_id=new_id("run"),
                reason=reason,
                causes=tuple(causes),
                alert_ids=tuple(alert_ids),
                snapshot_id=snapshot_id,
                encoder=encoder,
                trace_id=trace_id_of(new_traceparent(trace_id)) or trace_id_of(new_traceparent()),
            )
            self.store.save(run)
            self._current = run.run_id
        self._queue.put(run)
        return run

    def loop(self, stop: threading.Event) -> None:
        """Work on what is queued, until `stop`."""
        backoff = Backoff()
        self.restore(stop)
        self._reconcile(stop)
        while not stop.is_set():
            try:
                run = self._queue.get(timeout=0.2)
            except queue.Empty:
                # A person's run does not wait for it: whatever is away fails that with its reason.
                if not self.restore(stop):
                    backoff.wait(stop)
                elif self.cold_start is not None:
                    self.cold_start.attempt(stop)
                continue
            with self.metrics.running.track_inprogress():
                self._work(run, stop)
            self._current = None

    def restore(self, stop: threading.Event) -> bool:
        """Whether what earlier processes knew and left is known here; one try, unless somebody's has gone well."""
        with self._restoring:
            if self._restored:
                return True
            try:
                self.store.restore()
                with self._busy:
                    left = self.store.interrupted(but=self._current)
                released = self.releases.by_run(stop) if left else {}
            except (RetryableError, OSError) as error:
                _log.warning("training.runs_waiting", reason=str(error)[:500])
                return False
            for run in left:
                self.store.save(run.left(released.get(run.run_id)))
            self._restored = True
            return True

    def _work(self, run: Run, stop: threading.Event) -> None:
        with bound_contextvars(run_id=run.run_id, trace_id=run.trace_id):
            self._ended(run, stop)

    def _ended(self, run: Run, stop: threading.Event) -> None:
        begin = time.monotonic()
        recorder = _Recorder(self.store, run.changed(status="running"))
        try:
            result, release = self._limited(recorder, stop)
        except (TowpathError, OSError, ValueError) as error:
            recorder.save(recorder.run.failed(f"{type(error).__name__}: {error}"))
            self.metrics.runs.labels("failed").inc()
            _log.error("training.failed", reason=str(error)[:1000])
            return
        recorder.save(_finished(recorder.run, result))
        self.metrics.runs.labels(result["outcome"]).inc()
        self.metrics.data(result.get("data_findings", []))
        self.metrics.seconds.observe(time.monotonic() - begin)
        _log.info(
            "training.succeeded",
            outcome=result["outcome"],
            release_id=release.release_id if release is not None else None,
        )

    def _limited(self, recorder: _Recorder, stop: threading.Event) -> tuple[dict[str, Any], ModelRelease | None]:
        objective = load_objective(self.settings.objective)
        with limited(stop, self.patience(objective)) as either:
            try:
                result = self._train(objective, recorder, either)
                return result, self._release(result, recorder, either)
            except RetryableError as error:
                if not either.is_set() or stop.is_set():
                    raise
                recorder.save(recorder.run.changed(given_up=True))
                took = f"it took longer than {objective.contract.retraining.max_run_time} (retraining.maxRunTime)"
                raise TowpathError(f"given up: {took}") from error

    def _train(self, objective: Objective, recorder: _Recorder, stop: threading.Event) -> dict[str, Any]:
        folder = self.store.folder / recorder.run.run_id
        with recorder.step("collect") as step:
            step.detail = self._collect(recorder.run, folder, stop)
        reigning = self.releases.reigning(objective.name, stop)
        arguments = self._arguments(recorder.run, folder, reigning)
        return self.launch(arguments, folder / "pipeline.log", recorder.note, stop)

    def _collect(self, run: Run, folder: Path, stop: threading.Event) -> str:
        """In words what came of it."""
        if run.snapshot_id:
            return f"not from Kafka: the snapshot {run.snapshot_id} is trained on"
        forgotten = forgotten_in(store_or_home(self.remote, self.settings.home))
        counts = []
        for name, kind in (("documents", Document), ("annotations", Annotation)):
            topic, file = self.registry.full_name(name), folder / f"{name}.ndjson"
            counts.append(collect(self.broker, self.codec, topic, kind, file, stop, forgotten))
        return f"{counts[0]} documents, {counts[1]} annotations on Kafka"

    def _arguments(self, run: Run, folder: Path, reigning: ModelRelease | None) -> list[str]:
        settings, run_id = self.settings, run.run_id
        arguments = [
            "--run-id",
            run_id,
            "--trace-id",
            run.trace_id,
            "--home",
            str(settings.home),
            "--objective",
            str(settings.objective),
        ]
        if run.snapshot_id:
            arguments += ["--snapshot", run.snapshot_id]
        for name in () if run.snapshot_id else ("documents", "annotations"):
            arguments += [f"--{name}", hand_over(self.remote, folder / f"{name}.ndjson", run_id)]
        if self.remote is not None:
            arguments += ["--store", self.remote.url.url]
        arguments += ["--code-revision", settings.code_revision]
        if run.encoder or settings.training_encoder:
            arguments += ["--encoder", run.encoder or str(settings.training_encoder)]
        if reigning is not None:
            file = folder / "reigning.json"
            file.write_text(json_format.MessageToJson(reigning))
            arguments += ["--reigning", hand_over(self.remote, file, run_id)]
        return arguments

    def _release(self, result: dict[str, Any], recorder: _Recorder, stop: threading.Event) -> ModelRelease | None:
        if result["release"] is None:
            return None
        release = json_format.ParseDict(result["release"], ModelRelease())
        if release.HasField("reference"):
            self.store.keep_reference(recorder.run.run_id, release.reference)
        with recorder.step("release") as step:
            step.detail = self.rollouts.released(release, stop)
        return release

    def _reconcile(self, stop: threading.Event) -> None:
        try:
            self.rollouts.reconcile(stop)
        except (TowpathError, OSError, ValueError) as error:
            _log.warning("training.not_reconciled", reason=str(error)[:500])


def _finished(run: Run, result: dict[str, Any]) -> Run:
    kept = {name: result[name] for name in ("outcome", "explanation", "metrics", "comparisons", "snapshot_id")}
    if result["release"] is not None:
        # Runs are read and shown often, and nobody reads a thousand rows: the store keeps them beside the run.
        kept["release"] = {name: value for name, value in result["release"].items() if name != "reference"}
    return run.changed(status="succeeded", finished_at=datetime.now(UTC), report=str(result["report"]), **kept)


class _Recorder:
    """Keeps a run's file as its steps go on."""

    def __init__(self, store: RunStore, run: Run) -> None:
        self._store = store
        self.run = run
        self.save(run)

    def save(self, run: Run) -> None:
        self.run = run
        self._store.save(run)

    def note(self, event: dict[str, Any]) -> None:
        self.save(with_step(self.run, Step.model_validate(event)))

    def step(self, name: str) -> _Timed:
        return _Timed(self, name)


class _Timed:
    """A step of the service's own."""

    def __init__(self, recorder: _Recorder, name: str) -> None:
        self._recorder, self._name, self._begin = recorder, name, time.perf_counter()
        self.detail = ""

    def __enter__(self) -> _Timed:
        self._recorder.note({"step": self._name, "status": "running"})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        seconds = time.perf_counter() - self._begin
        status, detail = ("succeeded", self.detail) if error is None else ("failed", str(error))
        self._recorder.note({"step": self._name, "status": status, "seconds": seconds, "detail": detail})
