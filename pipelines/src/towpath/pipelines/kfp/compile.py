"""`python -m towpath.pipelines.kfp.compile`: write the pipeline's IR, which is committed."""

from __future__ import annotations

from pathlib import Path

from kfp import compiler

from towpath.pipelines.kfp.pipeline import training

__all__ = ["COMPILED", "compile_to"]

COMPILED = Path(__file__).parent / "compiled" / "training.yaml"


def compile_to(file: Path) -> None:
    """Compile the training pipeline."""
    file.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(training, str(file))


if __name__ == "__main__":
    compile_to(COMPILED)
