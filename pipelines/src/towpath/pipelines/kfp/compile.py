"""`python -m towpath.pipelines.kfp.compile`: write the pipelines' IR, which is committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kfp import compiler

from towpath.pipelines.kfp.batch import batch_score
from towpath.pipelines.kfp.pipeline import training

__all__ = ["BATCH", "COMPILED", "compile_to"]

COMPILED = Path(__file__).parent / "compiled" / "training.yaml"
BATCH = COMPILED.with_name("batch-score.yaml")


def compile_to(file: Path, pipeline: Any = training) -> None:
    """Compile the training pipeline, or another one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(pipeline, str(file))


if __name__ == "__main__":
    compile_to(COMPILED)
    compile_to(BATCH, batch_score)
