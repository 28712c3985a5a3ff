"""NannyML on the same windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.monitoring.asking import ask
from benchmarks.monitoring.shifting.setting import Setting, Stream
from benchmarks.monitoring.shifting.windows import WINDOW, Look

__all__ = ["beside"]


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
    told = iter(zip(ask(tell, "nannyml", "loop.py", given), asked, strict=True))
    price = costs.ask_person or 0.0

    def taken(look: Look) -> Look:
        (cost, *_), share = next(told)
        return replace(look, theirs=(1 - share) * cost + share * price)

    return [[taken(look) for look in own] for own in looks]
