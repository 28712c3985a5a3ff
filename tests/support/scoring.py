"""Documents to score, and how tests name bundles and sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from towpath.core.service import StoreSettings
from towpath.model import manifest_sha256
from towpath.pipelines.scoring import BundleRef, Place, open_documents
from towpath.preparation.sources import Reading, Source

__all__ = ["Write", "opened", "parts", "ref_of", "text"]

WORDS = ("late", "broken", "thanks", "great", "parcel", "where", "ü", "nobody answers")
Write = Callable[..., Source]


def text(number: int) -> str:
    """Of different lengths, some of them longer than the model reads."""
    return " ".join(WORDS[(number * 7 + at * at) % len(WORDS)] for at in range(1 + number * number % 23))


def ref_of(folder: Path) -> BundleRef:
    return BundleRef(Place.of_folder(folder), manifest_sha256(folder))


def opened(place: Path, **reading: object) -> Source:
    return open_documents(str(place), Reading(**reading), StoreSettings())  # type: ignore[arg-type]


def parts(folder: Path) -> dict[str, bytes]:
    """Files of predictions by name."""
    return {each.name: each.read_bytes() for each in sorted(folder.glob("part-*"))}
