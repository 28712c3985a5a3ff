"""What the documents tell a user to type exists: each command, with each of its options."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from towpath.cli.__main__ import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOT_COMMAND = typer.main.get_command(app)


def told(word: str) -> list[tuple[str, str]]:
    """(page, command line) of each indented line that begins with `word`."""
    lines = [
        (page.name, line.strip()) for page in PAGES for line in page.read_text().splitlines() if line[:4] == "    "
    ]
    return [(page, line.split("  #")[0].strip()) for page, line in lines if line.startswith(f"{word} ")]


@pytest.mark.parametrize(("page", "line"), told("towpath"))
def test_a_towpath_command_parses(page: str, line: str) -> None:
    words = shlex.split(line.split(" < ")[0])[1:]
    command: Any = ROOT_COMMAND
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, f"{page}: {line}"
        command = command.commands[name]
    # Raises UsageError for an option that there is not, or an argument that is missing.
    command.make_context(command.name, words)


@pytest.mark.parametrize(("page", "line"), told("make"))
def test_a_make_target_exists(page: str, line: str) -> None:
    target = line.split()[1]
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False).returncode == 0


# Where what a page says of a cluster is typed.
ON_A_CLUSTER = {
    "README.md": "tests/e2e/test_10_readme.py",
    "docs/kubernetes.md": "tests/e2e/test_11_kubernetes_page.py",
    "docs/runbooks.md": "",  # what an incident asks for, with its names in it
}


def test_what_is_typed_on_a_cluster_is_typed_by_e2e() -> None:
    lines = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
    found = {page for page, text in lines.items() if re.search(r"^ {4}\s*(kubectl|helm) ", text, re.MULTILINE)}
    assert found <= ON_A_CLUSTER.keys(), "say which test types it"
    for page in found:
        test = ON_A_CLUSTER[page]
        assert not test or page in (ROOT / test).read_text()


def test_every_command_has_help_with_an_example() -> None:
    def walk(command: Any, path: str) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                walk(inner, f"{path} {name}")
        else:
            assert re.search(r"example", command.help or "", re.IGNORECASE), f"{path} --help has no example"

    walk(ROOT_COMMAND, "towpath")


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
