"""What is in k8s/ for Strimzi and KServe, judged by a real API server with Strimzi's own definitions."""

from __future__ import annotations

import os
from pathlib import Path

from e2e.support.cluster import run

ROOT = Path(__file__).parents[2]


def test_the_api_server_takes_strimzis_and_kserves_resources() -> None:
    definitions = os.environ["STRIMZI_CRDS"]  # scripts/e2e says where they are
    run([str(ROOT / "scripts" / "k8s-dry-run"), definitions], limit_s=180)
