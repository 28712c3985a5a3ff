"""The programs that check the chart without a cluster, as fixtures: call `helm("lint", "--strict", path)`."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tool:
    """A program that `scripts/tools` brings. Called, it runs in the repository's root and must succeed."""

    path: Path

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What it printed. Fails the test with everything that it printed when it exits other than 0."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != 0:
            pytest.fail(
                f"{self.path.name} {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}", pytrace=False
            )
        return done.stdout

    def run(self, *arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """For refusals: the caller looks at `returncode`, `stdout` and `stderr`."""
        return subprocess.run(
            [self.path, *arguments], input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False
        )


def _tool(folder: str, name: str) -> Tool:
    path = ROOT / folder / name
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is not there: run `make tools`", pytrace=False)
    return Tool(path)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def helm() -> Tool:
    return _tool(".cache/tools/bin", "helm")


@pytest.fixture(scope="session")
def kubectl() -> Tool:
    return _tool(".cache/tools/bin", "kubectl")


@pytest.fixture(scope="session")
def kube_score() -> Tool:
    return _tool(".cache/tools/bin", "kube-score")


@pytest.fixture(scope="session")
def promtool() -> Tool:
    return _tool(".cache/tools/bin", "promtool")


@pytest.fixture(scope="session")
def checkov() -> Tool:
    return _tool(".cache/checkov/bin", "checkov")


@pytest.fixture(scope="session")
def hadolint() -> Tool:
    return _tool(".venv/bin", "hadolint")


@pytest.fixture(scope="session")
def kubernetes_validate() -> Tool:
    return _tool(".venv/bin", "kubernetes-validate")
