"""The same streams by alibi-detect and Evidently, in environments of their own; what they said is kept.

alibi-detect's licence (Business Source License 1.1) is for non-production use: it is installed for this bench alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.monitoring.asking import PEERS, ask
from benchmarks.monitoring.detection.streams import Encoded, Release, Stream
from benchmarks.monitoring.place import Place
from towpath.monitoring.domain.drift.columns import Columns

__all__ = ["Detector", "alibi", "evidently"]

_NULLS = 60


@dataclass(frozen=True)
class Detector:
    """alibi-detect's, by its kind: `mmd` or `lsdd`."""

    kind: str
    window: int
    bootstraps: int


def alibi(
    place: Place, of: Encoded, made_of: Release, chosen: Sequence[Stream], detector: Detector, documents: float
) -> dict[str, Any]:
    """Its alarms, told to make one false one in so many documents (`ert`), on whole embeddings."""
    given = {
        "reference": of.embeddings[made_of.reference],
        "rows": of.embeddings,
        "streams": np.stack([each.rows for each in chosen]),
        "change": chosen[0].change,
    }
    settings = [detector.kind, str(detector.window), f"{documents:.0f}", str(detector.bootstraps)]
    return _asked(place, "alibi-detect", "loop.py", given, settings)


def evidently(
    place: Place, of: Encoded, made_of: Release, every: Columns, chosen: Sequence[Stream], width: int, documents: float
) -> dict[str, Any]:
    """Its windows of `width`, whose thresholds one in documents / width unchanged ones passes."""
    random = np.random.default_rng(5)
    table = _table(every, of)
    given = {
        "reference_rows": made_of.reference,
        "rows": of.embeddings,
        "streams": np.stack([each.rows for each in chosen]),
        "change": chosen[0].change,
        "window": width,
        "error": width / documents,
        "null": np.stack([random.permutation(made_of.unseen)[:width] for _ in range(_NULLS)]),
        "columns": np.array(list(table)),
        **{f"column {name}": each for name, each in table.items()},
    }
    return _asked(place, "evidently", "detection.py", given, [])


def _table(every: Columns, of: Encoded) -> dict[str, Any]:
    classes = of.objective.classes
    said = of.objective.costs.decide(every.probabilities)
    return {
        **{name: every.probabilities[:, n] for n, name in enumerate(classes)},
        "tokens": every.tokens,
        "unknown": every.unknown,
        "expected cost": every.cost,
        "class": np.array(classes)[said.labels],
        "decision": np.where(said.ask, "ask", "act"),
    }


def _asked(place: Place, peer: str, program: str, given: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Raises PeerError: there is no such environment, or its program failed."""
    digest = hashlib.sha256((PEERS / peer / program).read_bytes() + " ".join(settings).encode())
    for name, each in given.items():
        digest.update(name.encode() + np.ascontiguousarray(each).tobytes())
    folder = place.work / "detection"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{peer}-{digest.hexdigest()[:20]}.json"
    if not kept.exists():
        place.tell(f"  {peer} {' '.join(settings)}")
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(ask(place.tell, peer, program, given, settings)), encoding="utf-8")
        part.replace(kept)
    found: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return found
