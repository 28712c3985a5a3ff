"""The path from messages to a gated release: the same steps here, in Kubeflow, and in the tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from towpath.pipelines.inputs import OnStep, RunInputs, RunResult, StepEvent
    from towpath.pipelines.runner import Runner, run_pipeline
    from towpath.pipelines.stages import STAGES

__all__ = ["STAGES", "OnStep", "RunInputs", "RunResult", "Runner", "StepEvent", "run_pipeline"]

# Found when they are asked for: scoring starts many processes, and needs nothing of what training imports.
_FOUND_IN = {"Runner": "runner", "run_pipeline": "runner", "STAGES": "stages"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FOUND_IN.get(name, 'inputs')}"), name)
