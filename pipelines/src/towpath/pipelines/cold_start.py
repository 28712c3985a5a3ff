"""`python -m towpath.pipelines.cold_start`: a release for an installation that has not trained yet.

A bundle with the real encoder and a head of zeros: every class is as likely as every other, so what the objective's
costs make of that is what happens to every document. The same objective and code give the same bundle.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from google.protobuf import json_format

from towpath.core.errors import TowpathError
from towpath.core.objective import Objective, load_objective
from towpath.model import manifest_sha256, release_id_of
from towpath.model.build import EncoderFolder, Head, build_encoder, write_bundle
from towpath.model.manifest import Lineage
from towpath.pipelines.encoders import encoder_folder
from towpath.pipelines.remote import chosen_store, publish_bundle
from towpath.pipelines.telling import tell
from towpath.v1 import GateOutcome, ModelRelease, TaskKind

__all__ = ["explain", "make_release"]


def make_release(objective: Objective, home: Path, *, encoder: Path | None, code_revision: str) -> ModelRelease:
    """Build the bundle below `home` (the encoder from its package takes seconds) and return its release.

    Raises:
        OSError: no room, or no such encoder.
    """
    made = EncoderFolder(encoder) if encoder else build_encoder(home / "cache")
    folder, sha256 = _bundle(objective, home, made, code_revision)
    release = ModelRelease(
        release_id=release_id_of(sha256),
        model_name=objective.name,
        task=TaskKind.TASK_KIND_TEXT_CLASSIFICATION,
        bundle_uri=folder.resolve().as_uri(),
        bundle_sha256=sha256,
        objective_hash=objective.hash,
        code_revision=code_revision,
        gate_outcome=GateOutcome.GATE_OUTCOME_NO_BASELINE,
        gate_explanation=explain(objective),
    )
    release.created_at.GetCurrentTime()
    return release


def explain(objective: Objective) -> str:
    """What the release does to a document, in words."""
    count, unit = len(objective.classes), objective.unit
    decided = objective.costs.decide(np.full((1, count), 1 / count))
    price = f"{decided.expected_cost[0]:.3g} {unit}"
    to = "goes to a person" if decided.ask[0] else f"counts as {objective.classes[decided.labels[0]]!r}"
    return (
        f"Cold start: nothing was trained yet; with all {count} classes equally likely, the objective's costs say that "
        f"every document {to} ({price} each)."
    )


def _bundle(objective: Objective, home: Path, encoder: EncoderFolder, code_revision: str) -> tuple[Path, str]:
    count, hidden = len(objective.classes), int(encoder.description["hidden"])
    bundles = home / "bundles"
    bundles.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=bundles, prefix=".cold-start-") as part:
        made = write_bundle(
            Path(part) / "bundle",
            name=objective.name,
            encoder=encoder,
            head=Head(np.zeros((count, hidden)), np.zeros(count)),
            classes=objective.classes,
            objective_json=objective.to_json(),
            lineage=Lineage(objective_hash=objective.hash, code_revision=code_revision, encoder=encoder.identity),
        )
        sha256 = manifest_sha256(made)
        target = bundles / release_id_of(sha256)
        if not target.exists():
            made.replace(target)
    return target, sha256


def main() -> int:
    """The release as a JSON line on standard output; 1 when it cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python -m towpath.pipelines.cold_start",
        description="Build a release that was trained on nothing.",
        epilog="example:\n  python -m towpath.pipelines.cold_start --home .towpath --objective objective.yaml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--home", type=Path, required=True, help="state of the installation")
    parser.add_argument("--store", metavar="URL", help="publish the bundle to s3://bucket/prefix or file:///folder")
    parser.add_argument("--objective", type=Path, required=True, help="objective.yaml")
    parser.add_argument(
        "--encoder", metavar="ID", help="of an imported one, or a built one's folder; all-MiniLM-L6-v2 when absent"
    )
    parser.add_argument("--code-revision", default="")
    options = parser.parse_args()
    try:
        objective = load_objective(options.objective)
        store = chosen_store(options.store)
        encoder = encoder_folder(options.encoder, options.home, store) if options.encoder else None
        release = make_release(objective, options.home, encoder=encoder, code_revision=options.code_revision)
        if store is not None:
            release.bundle_uri = publish_bundle(store, options.home / "bundles" / release.release_id)
    except (TowpathError, OSError, ValueError) as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        return 1
    tell({"result": {"release": json_format.MessageToDict(release)}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
