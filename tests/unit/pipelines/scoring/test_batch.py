"""The scheduled batch: what came over Kafka since last time, each document once a release."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from support.scoring import parts, text
from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.service import ServiceSettings
from towpath.core.stream import Codec, MemoryBroker, Message, Registry
from towpath.pipelines.scoring import BundleRef, Here, Limit, Manifest, Place
from towpath.pipelines.scoring.__main__ import _parser, run
from towpath.pipelines.scoring.batch import Batch
from towpath.pipelines.scoring.score import CHUNK
from towpath.pipelines.scoring.stream import Since
from towpath.v1 import Document, ModelRelease

REGISTRY = Registry.load("towpath.")
TOPIC = REGISTRY.full_name("documents")
CODEC = Codec("json", "test")


class Rig:
    """An installation: a broker in memory, and a store in a folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.broker, self.sent = home, MemoryBroker(), 0
        self.broker.create_topics(REGISTRY.specs())

    def send(self, count: int) -> None:
        ids = [f"d{number}" for number in range(self.sent, self.sent + count)]
        documents = [Document(document_id=each, text=text(n)) for n, each in enumerate(ids, self.sent)]
        self.put([CODEC.encode(each, topic=TOPIC, key=each.document_id) for each in documents])
        self.sent += count

    def put(self, messages: list[Message]) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send(messages, timeout_s=5)

    def release(self, ref: BundleRef, uri: str = "") -> None:
        message = ModelRelease(
            release_id=ref.release_id,
            model_name="tweet-sentiment",
            bundle_uri=uri or ref.place.url,
            bundle_sha256=ref.sha256,
        )
        self.put([CODEC.encode(message, topic=REGISTRY.full_name("models"), key="tweet-sentiment")])

    def batch(self, ref: BundleRef, on_part: Callable[[int], None] = lambda _: None) -> list[Manifest]:
        made = Batch(ref, Place.of_folder(self.home), Here(), self.home, Limit(), on_part)
        return made.since_last_time(TOPIC, lambda since: Since(self.broker, CODEC, TOPIC, since))

    def run(self, *arguments: str) -> list[Manifest]:
        options: argparse.Namespace = _parser().parse_args(arguments)
        return run(options, ServiceSettings(home=self.home), self.broker)

    def predicted(self, ref: BundleRef) -> list[str]:
        found = sorted((self.home / "predictions" / ref.release_id).glob("*/part-*"))
        return [row for each in found for row in pq.read_table(each)["document_id"].to_pylist()]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def ids(count: int) -> list[str]:
    return sorted(f"d{number}" for number in range(count))


def test_each_night_has_what_came_since_the_last(rig: Rig, bundle: BundleRef) -> None:
    rig.send(30)
    (first,) = rig.batch(bundle)
    assert (first.totals.documents, first.input.source) == (30, f"kafka:{TOPIC}")
    assert rig.batch(bundle) == []
    rig.send(12)
    (second,) = rig.batch(bundle)
    assert second.totals.documents == 12
    assert second.since == first.until
    assert sorted(rig.predicted(bundle)) == ids(42)


def test_another_release_begins_with_all_of_history(rig: Rig, bundle: BundleRef, other_bundle: BundleRef) -> None:
    rig.send(30)
    rig.batch(bundle)
    rig.send(5)
    (made,) = rig.batch(other_bundle)
    assert made.totals.documents == 35
    assert sorted(rig.predicted(other_bundle)) == ids(35)
    assert sorted(rig.predicted(bundle)) == ids(30)


def test_an_interrupted_night_is_finished_before_the_next(rig: Rig, bundle: BundleRef) -> None:
    rig.send(8 * CHUNK + 10)

    def interrupt(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rig.batch(bundle, interrupt)
    assert 0 < len(rig.predicted(bundle)) < 8 * CHUNK + 10
    rig.send(10)
    finished, new = rig.batch(bundle)
    assert (finished.totals.documents, new.totals.documents) == (8 * CHUNK + 10, 10)
    assert sorted(rig.predicted(bundle)) == ids(rig.sent)


def test_a_message_that_is_no_document_is_told_with_its_place(rig: Rig, bundle: BundleRef) -> None:
    rig.send(10)
    rig.put([Message(TOPIC, b"poison", b"p")])
    (made,) = rig.batch(bundle)
    assert (made.totals.documents, made.totals.refused) == (10, 1)
    (refused,) = (rig.home / "predictions").glob("*/*/_refused.ndjson")
    assert f'"{TOPIC}/' in refused.read_text()


def test_the_reigning_release_scores(
    rig: Rig, bundle: BundleRef, other_bundle: BundleRef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.send(10)
    with pytest.raises(NotFoundError, match="no release of any model"):
        rig.run()
    for ref in (bundle, other_bundle):
        target = tmp_path / "bundles" / ref.release_id
        shutil.copytree(ref.place.url.removeprefix("file://"), target)
        rig.release(ref, target.as_uri())
    (made,) = rig.run()
    assert (made.release_id, made.totals.documents) == (other_bundle.release_id, 10)
    assert '"documents": 10' in capsys.readouterr().out


def test_a_bundle_that_lies_elsewhere_is_not_read(rig: Rig, bundle: BundleRef, tmp_path: Path) -> None:
    (tmp_path / "bundles").mkdir()
    link = tmp_path / "bundles" / "rel-1"
    link.symlink_to(bundle.place.url.removeprefix("file://"))
    for uri in (bundle.place.url, link.as_uri(), "s3://elsewhere/rel-1", f"{link.as_uri()}/../../x", "http://a/b"):
        rig.release(bundle, uri)
        with pytest.raises(RejectedError, match="neither below"):
            rig.run()


def test_over_a_source_it_does_nothing_twice(rig: Rig, bundle: BundleRef, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text("documentId,text\n" + "".join(f"d{n},{text(n)}\n" for n in range(20)))
    folder = bundle.place.url.removeprefix("file://")
    (first,) = rig.run("--over", str(file), "--bundle", folder)
    file.touch()
    (again,) = rig.run("--over", str(file), "--bundle", folder)
    assert again == first
    assert sorted(rig.predicted(bundle)) == ids(20)


def test_in_a_bucket_by_a_bundle_of_the_bucket(rig: Rig, bundle: BundleRef, s3: Any) -> None:
    store = s3.store("towpath")
    url = store.put_folder(
        Path(bundle.place.url.removeprefix("file://")), f"bundles/{bundle.release_id}", marker="manifest.json"
    )
    settings = ServiceSettings(home=rig.home, store=s3.settings("towpath"))
    rig.release(bundle, url)
    rig.send(25)
    (made,) = run(_parser().parse_args([]), settings, rig.broker)
    assert made.totals.documents == 25
    key = f"predictions/{bundle.release_id}/{made.input.id.removeprefix('sha256:')[:32]}"
    assert {"_manifest.json", "_input", made.parts[0].name} <= set(store.names(key))
    assert run(_parser().parse_args([]), settings, rig.broker) == []


def test_parts_do_not_depend_on_when_they_are_made(rig: Rig, bundle: BundleRef, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text("documentId,text\n" + "".join(f"d{n},{text(n)}\n" for n in range(20)))
    folder, found = bundle.place.url.removeprefix("file://"), []
    for name in ("one", "two"):
        (made,) = Rig(tmp_path / name).run("--over", str(file), "--bundle", folder, "--home", str(tmp_path / name))
        found.append(parts(tmp_path / name / "predictions" / made.release_id / made.input.id[7:39]))
    assert found[0] == found[1] != {}
