"""The README's section "On your cluster", typed line by line by a shell."""

from __future__ import annotations

import re
from pathlib import Path

from e2e.support.cluster import Namespace, run

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    """The section's indented blocks, but for the images: `make e2e` has built them by the same command."""
    section = (ROOT / "README.md").read_text().split("\n## On your cluster\n")[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n)+", section, flags=re.MULTILINE)
    lines = [line[4:] for block in blocks for line in block.splitlines()]
    assert lines[0] == "make images"
    return lines[1:]


def test_what_the_readme_says_works(tmp_path: Path) -> None:
    script = "\n".join(
        ["set -euo pipefail", f"cd {tmp_path}", f"ln -s {ROOT}/charts {ROOT}/objective.yaml .", *commands()]
    )
    run(["kubectl", "delete", "namespace", "towpath", "--ignore-not-found"], limit_s=180)
    try:
        said = run(["bash", "-c", script], limit_s=900)
        left = Namespace("towpath").kubectl("get", "all,configmaps,networkpolicies", "-o", "name").split()
    finally:
        run(["kubectl", "delete", "namespace", "towpath", "--wait=false"])
    assert '"accepted":1' in said.replace(" ", "")
    assert '"documentId": "first"' in said or '"documentId":"first"' in said
    assert 'towpath_ingestion_messages_total{kind="documents",outcome="accepted"} 2.0' in said
    assert left == ["configmap/kube-root-ca.crt"]
