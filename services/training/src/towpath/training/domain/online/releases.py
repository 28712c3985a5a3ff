"""Which release is an online head's, of which static one, and how a version is told on `models`."""

from __future__ import annotations

from towpath.training.domain.online.learner import Version
from towpath.v1 import GateOutcome, ModelRelease

__all__ = ["back_to", "is_online", "online_release", "static_of"]

_PREFIX = "online-"


def is_online(release: ModelRelease) -> bool:
    return release.run_id.startswith(_PREFIX)


def static_of(release: ModelRelease) -> ModelRelease:
    """The static release that `release` is, or was learned from."""
    return release.previous if is_online(release) and release.HasField("previous") else release


def online_release(
    static: ModelRelease, version: Version, *, release_id: str, uri: str, sha256: str, code_revision: str, unit: str
) -> ModelRelease:
    """`previous` is the static release, also where another version reigned in between: going back leads there."""
    saved = version.static_cost - version.online_cost
    made = ModelRelease(
        release_id=release_id,
        model_name=static.model_name,
        task=static.task,
        bundle_uri=uri,
        bundle_sha256=sha256,
        run_id=f"{_PREFIX}{static.release_id}-{version.learned}",
        snapshot_id=static.snapshot_id,
        objective_hash=static.objective_hash,
        code_revision=code_revision,
        gate_outcome=GateOutcome.GATE_OUTCOME_PASS,
        gate_explanation=(
            f"Online head after {version.learned} documents with feedback: {version.online_cost:.4f} {unit} a document "
            f"of late, judged before learning from each; the static {static.release_id} {version.static_cost:.4f} "
            f"{unit} on the same ones ({saved:+.4f} saved)."
        ),
        metrics={"prequential_cost_online": version.online_cost, "prequential_cost_static": version.static_cost},
    )
    if static.HasField("reference"):
        # The encoder is the same, so sketches and tokens are what this release makes of those documents, too, and their
        # truths are theirs. What its own head says of them is not known: the texts are the run's, and not here.
        # Another head's probabilities would make every version look as if the world had changed.
        made.reference.CopyFrom(static.reference)
        made.reference.ClearField("probabilities")
    made.previous_release_id = static.release_id
    made.previous.CopyFrom(static)
    made.previous.ClearField("previous")
    return made


def back_to(static: ModelRelease) -> ModelRelease:
    """The static release, to reign again. What it is gone back from is not remembered: going back leads nowhere."""
    made = ModelRelease()
    made.CopyFrom(static)
    made.ClearField("previous")
    return made
