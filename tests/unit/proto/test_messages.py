"""The messages are a contract: generated code is what the .proto files say, and old readers keep working."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUF = str(Path(sys.executable).with_name("buf"))


def buf(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUF, *map(str, args)], capture_output=True, text=True, check=False)


def test_generated_code_is_what_a_fresh_generation_gives(tmp_path: Path) -> None:
    environment = {**os.environ, "OUT": str(tmp_path), "PYTHON": sys.executable}
    subprocess.run([ROOT / "scripts" / "proto"], env=environment, check=True, timeout=60)
    committed, fresh = ROOT / "proto/src/towpath/v1", tmp_path / "towpath/v1"
    names = sorted(str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file())
    _, different, missing = filecmp.cmpfiles(committed, fresh, names, shallow=False)
    assert (different, missing) == ([], []), "run scripts/proto and commit what it writes"
    assert {n for n in names if n.endswith("_pb2.py")} == {p.name for p in committed.glob("*_pb2.py")}


def test_the_messages_follow_the_style_guide() -> None:
    result = buf("lint", ROOT / "proto")
    assert result.returncode == 0, result.stdout


def test_no_message_broke_its_readers() -> None:
    result = buf("breaking", ROOT / "proto", "--against", ROOT / "proto/baseline.json")
    assert result.returncode == 0, result.stdout + "add a field or a message instead of changing one"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("prediction.proto", "string document_id = 2;", ""),
        ("prediction.proto", "string document_id = 2;", "string document_id = 3;"),
        ("prediction.proto", "string document_id = 2;", "bytes document_id = 2;"),
        ("prediction.proto", "string document_id = 2;", "string doc_id = 2;"),
        ("label.proto", "DECISION_ASK_PERSON = 2", "DECISION_ASK = 2"),
        ("feedback.proto", "message Feedback", "message Truth"),
    ],
)
def test_a_breaking_change_is_caught(tmp_path: Path, file: str, old: str, new: str) -> None:
    shutil.copytree(ROOT / "proto/towpath", tmp_path / "towpath")
    shutil.copy(ROOT / "proto/buf.yaml", tmp_path)
    changed = tmp_path / "towpath/v1" / file
    text = changed.read_text()
    assert old in text
    changed.write_text(text.replace(old, new, 1))
    assert buf("breaking", tmp_path, "--against", ROOT / "proto/baseline.json").returncode == 100


def test_a_new_field_is_no_breaking_change(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "proto/towpath", tmp_path / "towpath")
    shutil.copy(ROOT / "proto/buf.yaml", tmp_path)
    changed = tmp_path / "towpath/v1/document.proto"
    field = "map<string, string> attributes = 6;"
    changed.write_text(changed.read_text().replace(field, field + "\n  string thread_id = 7;"))
    result = buf("breaking", tmp_path, "--against", ROOT / "proto/baseline.json")
    assert result.returncode == 0, result.stdout
