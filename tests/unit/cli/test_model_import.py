"""`towpath model import` and `encoders`, `towpath train --encoder`; and a release from an imported encoder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support.objective import CATS_OR_DOGS
from towpath.cli.__main__ import app
from towpath.core.errors import CrashError, NotFoundError
from towpath.core.store import Store
from towpath.model import Model
from towpath.pipelines.encoders import encoder_folder

ENCODERS = Path(__file__).parents[1] / "model" / "data" / "encoders"
NOWHERE = "enc-" + "0" * 26


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    (tmp_path / "store").mkdir()
    url = (tmp_path / "store").as_uri()
    monkeypatch.setenv("TOWPATH_STORE_URL", url)
    return Store.open(url)


def imported(name: str) -> str:
    code, said = run("model", "import", str(ENCODERS / name))
    assert code == 0, said
    return said.split()[0]


def test_what_was_imported_is_listed(home: Path) -> None:
    assert run("model", "encoders") == (0, "")
    made = imported("mpnet")
    assert (home / "encoders" / made / "encoder.onnx").is_file()
    code, said = run("model", "encoders")
    assert code == 0
    assert said == f"{made}  mpnet  mpnet, 24 wide, 180 tokens, mean  licence not told\n"


def test_a_folder_that_cannot_be_an_encoder_is_told_in_a_line(home: Path, tmp_path: Path) -> None:
    source = shutil.copytree(ENCODERS / "mpnet", tmp_path / "source")
    told = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**told, "model_type": "gpt2"}))
    code, said = run("model", "import", str(source))
    assert code == 2
    assert f"error: {source / 'config.json'}: model_type is 'gpt2'; bert, distilbert, mpnet, roberta are read\n" in said
    assert run("model", "import", str(tmp_path / "nowhere")) == (2, f"error: {tmp_path / 'nowhere'}: no such folder\n")
    assert not list((home / "encoders").glob("*"))


def test_training_is_asked_for_with_encoders_that_are_there(home: Path) -> None:
    code, said = run("train", "--encoder", "../../etc")
    assert (code, said) == (2, "error: '../../etc' is no id of an encoder: towpath model encoders shows them\n")
    code, said = run("train", "--encoder", NOWHERE)
    assert code == 2
    assert f"no encoder {NOWHERE} in {home / 'encoders'}: towpath model import makes one" in said
    made = imported("distilbert")
    (home / "encoders" / made / "encoder.onnx").write_bytes(b"")
    code, said = run("train", "--encoder", made)
    assert code == 1
    assert "encoder.onnx: was changed or is gone: towpath model import makes it again" in said


def test_an_encoder_is_fetched_from_the_store_whole_or_not_at_all(home: Path, store: Store, tmp_path: Path) -> None:
    made = imported("roberta-far")
    other = tmp_path / "other"
    fetched = encoder_folder(made, other, store)
    assert {each.name for each in fetched.iterdir()} == {"encoder.json", "encoder.onnx", "tokenizer.json"}
    with pytest.raises(NotFoundError, match=f"no encoder {NOWHERE} in .*is not in the store"):
        encoder_folder(NOWHERE, other, store)
    marker = tmp_path / "store" / "encoders" / made / "encoder.json"
    marker.write_bytes(marker.read_bytes().replace(b"roberta", b"rob-rta"))
    with pytest.raises(CrashError, match=f"not of {made}: it was changed"):
        encoder_folder(made, tmp_path / "third", store)
    assert not (tmp_path / "third" / "encoders" / made).exists()


def test_a_run_elsewhere_trains_on_it_in_int8_and_its_release_says_which(
    home: Path, store: Store, tmp_path: Path
) -> None:
    made = imported("mpnet")
    result = trained(made, store, tmp_path)
    assert result["outcome"] == "pass", result
    model = Model.load(Path(result["bundle"]))
    encoder = tmp_path / "elsewhere" / "encoders" / made
    assert model.manifest.max_tokens == 180
    assert model.manifest.int8 is not None
    assert model.manifest.files["tokenizer.json"].size == (encoder / "tokenizer.json").stat().st_size
    assert model.manifest.lineage.encoder.startswith(f"mpnet@sha256:{made.removeprefix('enc-')}")
    cat, dog = model.scores(["meow purr whiskers", "woof bark bone"]).probabilities.argmax(axis=1)
    assert cat != dog


def trained(encoder: str, store: Store, tmp_path: Path) -> Any:
    """As a Job does it: an empty home, and the store."""
    documents, annotations = [], []
    for n in range(300):
        kind, words = (("cat", "meow purr whiskers"), ("dog", "woof bark bone"))[n % 2]
        documents.append({"documentId": f"d{n}", "text": f"{words} {n}"})
        label = {"annotationId": f"a{n}", "documentId": f"d{n}", "raterId": "r", "classLabel": {"label": kind}}
        annotations.append(label)
    for name, rows in (("documents", documents), ("annotations", annotations)):
        (tmp_path / f"{name}.ndjson").write_text("".join(json.dumps(each) + "\n" for each in rows))
    lenient = CATS_OR_DOGS.replace("PerClass: 20", "PerClass: 20, maxNearDuplicateShare: 1, maxLeakageShare: 1")
    (tmp_path / "objective.yaml").write_text(f"{lenient}  delivery: {{int8: {{margin: 0.5}}}}\n")
    command = [sys.executable, "-m", "towpath.pipelines", "--home", str(tmp_path / "elsewhere"), "--run-id", "r"]
    command += ["--encoder", encoder, "--store", store.url.url]
    for name, file in (("objective", "objective.yaml"), *((each, f"{each}.ndjson") for each in
                                                          ("documents", "annotations"))):  # fmt: skip
        command += [f"--{name}", str(tmp_path / file)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])["result"]
