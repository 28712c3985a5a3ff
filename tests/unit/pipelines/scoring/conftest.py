"""A small bundle, and documents to score."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.scoring import Write, opened, ref_of, text
from towpath.model.build.tiny import build_tiny_bundle
from towpath.pipelines.scoring import BundleRef
from towpath.preparation.sources import Source


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> BundleRef:
    return ref_of(build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "bundle"))


@pytest.fixture(scope="session")
def other_bundle(tmp_path_factory: pytest.TempPathFactory) -> BundleRef:
    return ref_of(build_tiny_bundle(tmp_path_factory.mktemp("other") / "bundle", seed=1))


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    """`csv(rows)` has so many documents, with ids d0, d1, …; `extra` lines follow."""

    def write(rows: int, extra: str = "") -> Source:
        file = tmp_path / "documents.csv"
        lines = "".join(f'd{number},"{text(number)}"\n' for number in range(rows))
        file.write_text(f"documentId,text\n{lines}{extra}", encoding="utf-8")
        return opened(file)

    return write
