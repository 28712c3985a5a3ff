"""The path from messages to a gated release: the same steps here, in Kubeflow, and in the tests."""

from towpath.pipelines.inputs import OnStep, RunInputs, RunResult, StepEvent
from towpath.pipelines.runner import Runner, run_pipeline
from towpath.pipelines.stages import STAGES

__all__ = ["STAGES", "OnStep", "RunInputs", "RunResult", "Runner", "StepEvent", "run_pipeline"]
