"""NannyML on the same windows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.delivery.environments import PeerError, made
from benchmarks.monitoring.shifting.setting import Setting, Stream
from benchmarks.monitoring.shifting.windows import WINDOW, Look

__all__ = ["beside"]

_PEERS = Path(__file__).parents[1] / "peers"


def beside(
    setting: Setting, streams: Sequence[Stream], looks: Sequence[Sequence[Look]], tell: Callable[[str], None]
) -> list[list[Look]]:
    """The looks with `theirs`: CBPE's estimate of what documents that are acted on cost; asking has its price.

    Calibrated on everything that the release was judged on, which is more than a release carries.
    """
    costs, judged = setting.costs, setting.judged
    of = costs.decide(judged.probabilities)
    acted = ~of.ask
    live, labels, chunks, asked = [], [], [], []
    for stream, own in zip(streams, looks, strict=True):
        for look in own:
            probabilities = stream.probabilities[look.end - WINDOW : look.end]
            decided = costs.decide(probabilities)
            live.append(probabilities[~decided.ask])
            labels.append(decided.labels[~decided.ask])
            chunks.append(np.full(len(live[-1]), len(chunks)))
            asked.append(float(decided.ask.mean()))
    given = {
        "matrix": costs.matrix,
        "judged": judged.probabilities[acted],
        "judged_labels": of.labels[acted],
        "judged_truths": judged.truth[acted],
        "live": np.concatenate(live),
        "live_labels": np.concatenate(labels),
        "live_chunks": np.concatenate(chunks),
    }
    told = iter(zip(_answers(given, tell), asked, strict=True))
    price = costs.ask_person or 0.0

    def taken(look: Look) -> Look:
        (cost, *_), share = next(told)
        return replace(look, theirs=(1 - share) * cost + share * price)

    return [[taken(look) for look in own] for own in looks]


def _answers(given: dict[str, np.ndarray], tell: Callable[[str], None]) -> list[list[float]]:
    python = made("nannyml", tell, _PEERS)
    with TemporaryDirectory() as folder:
        source, to = Path(folder) / "in.npz", Path(folder) / "out.json"
        np.savez(source, **given)
        command = [str(python), str(_PEERS / "nannyml" / "loop.py"), str(source), str(to)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
        if done.returncode != 0:
            raise PeerError(f"nannyml: {done.stderr.strip()[-800:]}")
        answers: list[list[float]] = json.loads(to.read_text())
    return answers
