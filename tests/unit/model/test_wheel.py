"""The library that users embed: its wheel is small, and the documented program runs where nothing else is installed."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from towpath.model.build.tiny import build_tiny_bundle

ROOT = Path(__file__).parents[3]
HEAVY = {"kafka", "fastapi", "starlette", "uvicorn", "kserve", "torch", "transformers", "onnx", "sklearn", "pandas"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    told = {**os.environ, "PYTHON": sys.executable}
    uv = subprocess.run(["scripts/uv"], cwd=ROOT, env=told, capture_output=True, text=True, check=True).stdout.strip()
    command = [uv, "build", "--offline", "--wheel", "--out-dir", out, "services/model"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (made,) = out.glob("*.whl")
    return zipfile.ZipFile(made)


def requirements(metadata: Message) -> list[Requirement]:
    wanted = [Requirement(each) for each in metadata.get_all("Requires-Dist", [])]
    return [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = [each for each in wheel.namelist() if each.endswith("/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def closure(wanted: list[Requirement]) -> set[str]:
    """Names of what pip would install for it."""
    found: set[str] = set()
    while wanted:
        name = wanted.pop().name.lower()
        if name not in found:
            found.add(name)
            wanted += requirements(distribution(name).metadata)  # type: ignore[arg-type]
    return found


def install(wheel: zipfile.ZipFile, folder: Path) -> None:
    """The wheel and what it requires, and nothing else."""
    wheel.extractall(folder)
    for name in closure(requirements(metadata(wheel))):
        here = distribution(name)
        for top in {each.parts[0] for each in here.files or [] if ".." not in each.parts}:
            if top != "__pycache__" and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(here.locate_file(top))))


def test_the_wheel_asks_for_four_packages_and_is_small(wheel: zipfile.ZipFile) -> None:
    assert {each.name for each in requirements(metadata(wheel))} == {"numpy", "onnxruntime", "tokenizers", "pydantic"}
    assert sum(each.compress_size for each in wheel.infolist()) < 100_000
    assert not closure(requirements(metadata(wheel))) & HEAVY


def test_the_documented_program_runs_where_nothing_else_is_installed(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "embed.md").read_text()
    found = re.search(r"^    import sys\n(?:    .*\n|\n)+", page, re.MULTILINE)
    assert found is not None
    program = textwrap.dedent(found.group())
    install(wheel, tmp_path / "site")
    bundle = build_tiny_bundle(tmp_path / "bundle")
    check = f"\nheavy = {HEAVY!r} & set(sys.modules)\nassert not heavy, heavy\nimport kafka\n"
    (tmp_path / "program.py").write_text(program + check)
    # -S: without the folder of this environment's packages.
    command = [sys.executable, "-S", tmp_path / "program.py", bundle, "Great service!", "late"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "No module named 'kafka'" in done.stderr.splitlines()[-1], done.stderr
    assert [line.split(" ")[-1] for line in done.stdout.splitlines()] == ["service!", "late"]
