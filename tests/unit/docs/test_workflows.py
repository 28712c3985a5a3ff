"""The workflow that users copy: its form, its shell, and that each command of it exists with its options."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from towpath.cli.__main__ import app

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docs/examples/ci/github-actions.yml"
# YAML 1.1 takes `on` for true.
WORKFLOW: dict[Any, Any] = yaml.safe_load(FILE.read_text())
ROOT_COMMAND = typer.main.get_command(app)


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in WORKFLOW["jobs"].items():
        for step in job["steps"]:
            yield name, step


SCRIPTS = [step["run"] for _, step in steps() if "run" in step]
LINES = [line.strip() for script in SCRIPTS for line in script.replace("\\\n", " ").splitlines()]


def test_it_has_the_form_of_a_workflow() -> None:
    assert set(WORKFLOW) == {"name", True, "permissions", "jobs"}
    assert set(WORKFLOW[True]) == {"pull_request", "push", "workflow_dispatch"}
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for name, job in WORKFLOW["jobs"].items():
        assert job["runs-on"], name
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(WORKFLOW["jobs"])
    for name, step in steps():
        assert ("run" in step) is not ("uses" in step), name
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_its_shell_is_shell_and_no_expression_of_others_is_pasted_into_it(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    # Whoever writes a title or a reason would write a command.
    assert "${{" not in script


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("towpath ")])
def test_its_commands_exist_with_their_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = ROOT_COMMAND
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_it_calls_what_the_page_says_that_it_calls() -> None:
    page = (ROOT / "docs/cicd.md").read_text()
    called = {" ".join(line.split()[:3]) for line in LINES if line.startswith("towpath ")}
    assert len(called) >= 5
    for each in called - {"towpath train --reason"}:
        assert each in page or each.removeprefix("towpath ") in page, each
    assert "towpath train --reason" in page
    for job in WORKFLOW["jobs"]:
        assert f"`{job}`" in page


def test_its_make_target_and_chart_exist() -> None:
    targets = re.findall(r"make -C \S+ (\w+)", "\n".join(LINES))
    assert targets
    for target in targets:
        assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False).returncode == 0
    for chart in re.findall(r"\.towpath-source/(charts/\S+)", "\n".join(LINES)):
        assert (ROOT / chart / "Chart.yaml").is_file()
