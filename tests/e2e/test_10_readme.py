"""The README's section "On your cluster", typed line by line by a shell."""

from __future__ import annotations

import re
from pathlib import Path

from e2e.support.cluster import Namespace, eventually, run

ROOT = Path(__file__).parents[2]
KINDS = "all,configmaps,networkpolicies"
LEFT = ["configmap/kube-root-ca.crt"]


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
    space = Namespace("towpath")
    try:
        said = run(["bash", "-c", script], limit_s=900)
        # Pods are on their way for a moment when what made them is gone.
        eventually(lambda: space.kubectl("get", KINDS, "-o", "name").split(), LEFT.__eq__, limit_s=120)
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n{space.told()}") from failure
    finally:
        run(["kubectl", "delete", "namespace", "towpath", "--wait=false"])
    assert '"accepted":1' in said.replace(" ", "")
    assert '"documentId": "first"' in said or '"documentId":"first"' in said
    assert 'towpath_ingestion_messages_total{kind="documents",outcome="accepted"} 2.0' in said
