"""Making the release of a cold start, in a process of its own: building the encoder takes memory that training keeps
for nothing else."""

from __future__ import annotations

import threading

from google.protobuf import json_format

from towpath.training.adapters.pipeline import run_process
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease

__all__ = ["cold_release"]


def cold_release(settings: TrainingSettings, stop: threading.Event) -> ModelRelease:
    """Its bundle lies in the store, below the home where there is none; it is on no topic yet.

    Raises:
        TowpathError: it could not be made; the message says why.
        RetryableError: it was stopped.
    """
    arguments = ["--home", str(settings.home), "--objective", str(settings.objective)]
    arguments += ["--code-revision", settings.code_revision]
    if settings.store.url:
        arguments += ["--store", settings.store.url]
    if settings.training_encoder:
        arguments += ["--encoder", str(settings.training_encoder)]
    settings.home.mkdir(parents=True, exist_ok=True)
    log, module = settings.home / "cold-start.log", "towpath.pipelines.cold_start"
    result = run_process(arguments, log, lambda _: None, stop, module=module)
    return json_format.ParseDict(result["release"], ModelRelease())
