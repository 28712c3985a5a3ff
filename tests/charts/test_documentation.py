"""docs/kubernetes.md agrees with the chart: defaults, sizes, Secrets, and each piece of values renders."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = (Path(__file__).parents[2] / "docs/kubernetes.md").read_text()
ALERTS = (Path(__file__).parents[2] / "docs/alerts.md").read_text()
PIECES = re.findall(r"```yaml\n(.*?)```", PAGE + ALERTS, flags=re.DOTALL)


@pytest.fixture(scope="module")
def values(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((root / "charts/towpath/values.yaml").read_text())
    return read


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def at(values: dict[str, Any], path: str) -> Any:
    found: Any = values
    for key in path.split("."):
        found = found[key]
    return found


def test_documented_values_exist_with_these_defaults(values: dict[str, Any]) -> None:
    table = rows("What can be set")
    assert len(table) > 15
    for name, default, _ in table:
        assert at(values, name.strip("`")) == yaml.safe_load(default.strip("`")), name


def test_every_value_that_the_page_names_exists(values: dict[str, Any]) -> None:
    named = re.findall(rf"`((?:{'|'.join(values)})(?:\.[A-Za-z]+)+)", PAGE)
    assert len(set(named)) > 20
    for name in named:
        at(values, name)


def test_documented_sizes_are_the_values(values: dict[str, Any]) -> None:
    parts = {"a training run": "training.job", "Kafka inside": "kafka.embedded"}
    table = {name: cells for name, *cells in rows("Sizes")}
    assert set(table) == {*values["services"], *parts}
    for name, cells in table.items():
        resources = at(values, f"{parts.get(name, f'services.{name}')}.resources")
        requests, limits = resources["requests"], resources["limits"]
        assert cells == [requests["cpu"], requests["memory"], limits["memory"]], name
    assert {values["store"]["volume"]["size"], values["kafka"]["embedded"]["storage"]["size"]} == {"5Gi"}


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.split(":")[0])
def test_each_piece_of_values_renders(piece: str, helm: Any, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(piece)
    helm("lint", "--strict", "charts/towpath", "--values", file)
    assert helm("template", "towpath", "charts/towpath", "--values", file)


def test_secrets_are_made_with_the_keys_that_pods_ask_for(
    examples: dict[str, Any], tmp_path: Path, kubectl: Any, helm: Any
) -> None:
    """The page's own commands, by a kubectl that asks no cluster."""
    without_a_cluster = f"""
        helm() {{ :; }}
        kubectl() {{ case "$*" in *"create secret"*) {kubectl.path} "$@" --dry-run=client -o yaml; echo ---;; esac; }}
    """
    typed = "\n".join(line[4:] for line in section("Install").splitlines() if line.startswith("    "))
    script = f"{without_a_cluster}\n{typed}"
    done = subprocess.run(
        ["bash", "-euc", script], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert helm("template", "towpath", "charts/towpath", "--values", tmp_path / "values.yaml")
    made = {each["metadata"]["name"]: set(each["data"]) for each in yaml.safe_load_all(done.stdout) if each}
    asked = {
        (reference["name"], reference["key"])
        for pod in examples["full"].pods.values()
        for container in pod["spec"]["containers"]
        for variable in container["env"]
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert set(made) == {"towpath-kafka", "towpath-keys"}
    assert {name: {key for secret, key in asked if secret == name} for name in made} == made


def test_the_page_says_what_the_policies_say() -> None:
    """Ports; who is who, test_network computes."""
    table = {to: port for to, port, _ in rows("Who may reach what")}
    assert table == {
        "ingestion, monitoring, training": "8080",
        "endpoint": "8080, 9000",
        "mlflow": "5000",
        "every service": "9090",
        "Kafka inside": "9092",
    }
