"""The demo's data as files that `towpath ingest` and the reports take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from towpath.cli.demo import http
from towpath.cli.demo.tweets import Tweet

__all__ = ["write_set"]


def write_set(tweets: Sequence[Tweet], folder: Path) -> tuple[int, int]:
    """documents.ndjson and annotations.ndjson; returns how many are in each. The same set gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    # The data tell no time: what a document has of it is when it was sent.
    documents = ({key: value for key, value in http.document(each).items() if key != "createdAt"} for each in tweets)
    annotations = (row for each in tweets for row in http.ratings(each))
    return _write(folder / "documents.ndjson", documents), _write(folder / "annotations.ndjson", annotations)


def _write(file: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    written, partial = 0, file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
    partial.replace(file)
    return written
