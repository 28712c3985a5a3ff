"""`towpath predict`: by which release, over what, and what is told at the end."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from support.scoring import ref_of, text
from towpath.cli.__main__ import app
from towpath.core.service import KafkaSettings
from towpath.core.stream import Codec, Registry, connect
from towpath.model.build.tiny import build_tiny_bundle
from towpath.pipelines.scoring import BundleRef
from towpath.v1 import ModelRelease

Announce = Callable[[BundleRef, str], None]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of two bundles, of which `new` is the newer folder."""
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", f"memory://{uuid.uuid4().hex}")
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("old", "new")):
        made = build_tiny_bundle(tmp_path / name, seed=seed)
        shutil.copytree(made, tmp_path / "home" / "bundles" / f"rel-{name}")
        os.utime(tmp_path / "home" / "bundles" / f"rel-{name}", (1e9 + seed, 1e9 + seed))
    (tmp_path / "tweets.csv").write_text("id,body,stars\n" + "".join(f"t{n},{text(n)},5\n" for n in range(40)))
    return tmp_path / "home"


@pytest.fixture
def announce(home: Path) -> Announce:
    def send(ref: BundleRef, name: str) -> None:
        registry = Registry.load("towpath.")
        broker = connect(KafkaSettings(bootstrap_servers=os.environ["TOWPATH_KAFKA_BOOTSTRAP_SERVERS"]))
        broker.create_topics(registry.specs())
        release = ModelRelease(
            release_id=ref.release_id, model_name=name, bundle_uri=ref.place.url, bundle_sha256=ref.sha256
        )
        message = Codec("json", "test").encode(release, topic=registry.full_name("models"), key=name)
        with broker.producer(client_id="test") as producer:
            producer.send([message], timeout_s=5)

    return send


def release_of(*arguments: str) -> str:
    code, output = run("predict", "--over", "tweets.csv", "--column", "text=body", "--json", *arguments)
    assert code == 0, output
    return str(json.loads(output.splitlines()[-1])["releaseId"])


def test_the_release_that_reigns_by_kafka_predicts_and_not_the_newest_folder(home: Path, announce: Announce) -> None:
    old, new = (ref_of(home / "bundles" / f"rel-{name}") for name in ("old", "new"))
    assert release_of("--to", "none.parquet") == new.release_id
    announce(new, "sentiment")
    announce(old, "sentiment")
    assert release_of("--to", "old.parquet") == old.release_id
    announce(new, "other")
    assert release_of("--to", "named.parquet", "--model", "sentiment") == old.release_id
    assert old.release_id in run("predict", "hello", "--model", "sentiment")[1]


def test_a_release_in_the_store_is_fetched(
    home: Path, announce: Announce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_STORE_URL", (tmp_path / "store").as_uri())
    shutil.copytree(tmp_path / "old", tmp_path / "store" / "bundles" / "rel-old")
    ref = ref_of(tmp_path / "store" / "bundles" / "rel-old")
    announce(ref, "sentiment")
    assert release_of("--to", "out.parquet") == ref.release_id
    announce(BundleRef(ref.place, "0" * 64), "sentiment")
    code, output = run("predict", "hello")
    assert (code, "sha256" in output) == (2, True)


def test_the_summary_tells_how_many_how_dear_and_where(home: Path) -> None:
    with Path("tweets.csv").open("a") as more:
        more.write("t40,  ,1\n")
    command = ("predict", "--over", "tweets.csv", "--column", "text=body", "--column", "documentId=id", "--to", "out")
    code, output = run(*command, "--bundle", "new")
    assert code == 0
    assert "40 documents predicted by tweet-sentiment rel-" in output
    assert "a person is asked about" in output
    assert " EUR in all" in output
    assert "1 rows were refused: out/_refused.ndjson" in output
    # As a data set, what is no predictions is passed over.
    assert pq.read_table("out")["document_id"].to_pylist() == [f"t{n}" for n in range(40)]
    assert run(*command, "--bundle", "new")[0] == 0
    code, output = run(*command, "--bundle", "old")
    assert (code, "releases are not mixed" in output) == (2, True)


def test_processes_of_this_machine_make_the_same(home: Path) -> None:
    command = ("predict", "--over", "tweets.csv", "--column", "text=body", "--bundle", "new")
    for to, workers in (("one", "1"), ("two", "2")):
        assert run(*command, "--to", to, "--workers", workers)[0] == 0
    one, two = (next(Path(to).glob("part-*")).read_bytes() for to in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give texts"),
        (("a", "--over", "tweets.csv"), "give texts"),
        (("--over", "nowhere.csv"), "no such file"),
        (("--over", "tweets.csv", "--workers", "2", "--dask", "tcp://127.0.0.1:1"), "give one of them"),
        (("--over", "tweets.csv", "--column", "body"), "is not FIELD=NAME"),
    ],
)
def test_what_is_wrong_is_said(home: Path, arguments: tuple[str, ...], told: str) -> None:
    code, output = run("predict", *arguments, "--bundle", "new")
    assert code in (1, 2)
    assert told in output
