"""SemEval's tweets in the order of time, read and cleaned as ingestion and the pipeline do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.core.service import StoreSettings
from towpath.model.build import EncoderFolder
from towpath.pipelines.steps.encode import embed
from towpath.preparation.labels.errors import new_texts
from towpath.preparation.sources import Reading, open_source

__all__ = ["Tweets", "chosen", "embedded", "read"]

_PIECE = 2_500


@dataclass(frozen=True)
class Tweets:
    """n of them, the oldest first. `at` (n,): seconds since 1970. `truth` (n,): indices of classes."""

    at: NDArray[np.float64]
    texts: list[str]
    truth: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: NDArray[np.intp]) -> Tweets:
        return Tweets(self.at[rows], [self.texts[n] for n in rows], self.truth[rows])


def read(folder: Path, classes: tuple[str, ...]) -> Tweets:
    """Each id and each text once: files overlap, and a text that was trained on must not be met again."""
    header = ("documentId", "attributes.class", "text")
    reading = Reading(header=header, unescape=True, snowflakes=True)
    found: dict[str, tuple[float, str, int]] = {}
    for item in open_source(str(folder), reading, StoreSettings()).items():
        if item.data is None:
            continue
        row = json.loads(item.data)
        at = datetime.fromisoformat(row["createdAt"]).timestamp()
        found.setdefault(row["documentId"], (at, row["text"], classes.index(row["attributes"]["class"])))
    rows = sorted(found.values())
    kept = np.array(new_texts([text for _, text, _ in rows], []), dtype=np.intp)
    made = Tweets(np.array([at for at, *_ in rows]), [text for _, text, _ in rows], np.array([n for *_, n in rows]))
    return made.take(kept)


def embedded(tweets: Tweets, encoder: EncoderFolder, cache: Path) -> NDArray[np.float32]:
    """(n, D), in pieces that are kept: a run that was ended goes on where it was."""
    texts = tweets.texts
    pieces = [embed(texts[n : n + _PIECE], encoder, cache) for n in range(0, len(texts), _PIECE)]
    return np.concatenate(pieces)


def chosen(tweets: Tweets, *, quick: bool = False) -> tuple[Tweets, dict[str, NDArray[np.intp]]]:
    """Of 2015's summer every third, of its autumn all, of 2011 and 2012 every fifth; and where each part is."""
    july, september, year = (
        np.datetime64(each, "s").astype(float) for each in ("2015-07-01", "2015-09-01", "2013-01-01")
    )
    picked = {
        "summer": np.flatnonzero((tweets.at >= july) & (tweets.at < september))[:: 3 * (2 if quick else 1)],
        "autumn": np.flatnonzero(tweets.at >= september)[:: 4 if quick else 1],
        "years before": np.flatnonzero(tweets.at < year)[:: 5 * (2 if quick else 1)],
    }
    order = np.concatenate(list(picked.values()))
    ends = np.cumsum([len(each) for each in picked.values()])
    parts = {name: np.arange(end - len(picked[name]), end) for name, end in zip(picked, ends, strict=True)}
    return tweets.take(order), parts
