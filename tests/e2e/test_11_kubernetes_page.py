"""docs/kubernetes.md, typed from top to bottom by a shell."""

from __future__ import annotations

import re
from pathlib import Path

from e2e.support.cluster import Namespace, eventually, run

ROOT = Path(__file__).parents[2]
AWAY = "kubectl delete namespace towpath"
KINDS = "all,configmaps,networkpolicies,persistentvolumeclaims"
STAYS = {
    "configmap/kube-root-ca.crt",
    "persistentvolumeclaim/data-towpath-kafka-0",
    "persistentvolumeclaim/towpath-store",
}
PROLOGUE = f"set -euo pipefail\nln -sfn {ROOT}/charts .\n"


def commands() -> str:
    """The indented blocks; fenced ones are pieces of values, which tests/charts renders."""
    page = re.sub(r"```.*?```", "", (ROOT / "docs/kubernetes.md").read_text(), flags=re.DOTALL)
    blocks = re.findall(r"(?:^    .*\n)+", page, flags=re.MULTILINE)
    return "".join(line[4:] for block in blocks for line in block.splitlines(keepends=True))


def test_what_the_page_says_works(tmp_path: Path) -> None:
    typed, away, after = commands().partition(AWAY)
    assert (away, after.strip()) == (AWAY, "")
    space = Namespace("towpath")
    run(["kubectl", "delete", "namespace", space.name, "--ignore-not-found"], limit_s=180)
    try:
        said = run(["bash", "-c", f"cd {tmp_path}\n{PROLOGUE}{typed}"], limit_s=900)
        assert "prediction" in said  # of helm test
        assert "runId" in said or "run_id" in said
        # Pods are on their way for a moment when what made them is gone.
        eventually(lambda: set(space.kubectl("get", KINDS, "-o", "name").split()), STAYS.__eq__, limit_s=120)
        install = next(line for line in typed.splitlines() if line.startswith("helm install"))
        again = run(
            ["bash", "-c", f"cd {tmp_path}\n{PROLOGUE}{install}\nhelm test towpath -n towpath --logs"], limit_s=600
        )
        assert "prediction" in again
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n{space.told()}") from failure
    finally:
        run(["bash", "-c", f"{AWAY} --wait=false"])
