"""Bundles from S3: only from the store, only what was released; while the store is away, what was fetched serves."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from towpath.core.errors import RetryableError
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.model import BundleError, manifest_sha256, release_id_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.serving.adapters.bundles import BundleStore
from towpath.serving.adapters.cache import BundleCache
from towpath.serving.adapters.releases import ReleaseFollower
from towpath.serving.bootstrap import _model_check
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import ModelRelease


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("made")
    return [build_tiny_bundle(folder / f"b{seed}", seed=seed) for seed in range(4)]


class Rig:
    """A store in S3 and a worker's disk."""

    def __init__(self, s3: Any, home: Path, made: list[Path]) -> None:
        self.s3, self.made = s3, made
        self.store = s3.store("towpath")
        self.cache = BundleCache(self.store, home / "bundles" / "cache", keep=2)
        self.bundles = BundleStore(home / "bundles", 1, self.cache)

    def release(self, number: int) -> ModelRelease:
        folder = self.made[number]
        sha256 = manifest_sha256(folder)
        uri = self.store.put_folder(folder, f"bundles/{release_id_of(sha256)}", marker="manifest.json")
        return ModelRelease(release_id=f"rel-{number}", model_name="m", bundle_uri=uri, bundle_sha256=sha256)

    def cached(self) -> set[str]:
        return {each.name for each in self.cache.folder.iterdir()}

    def key(self, release: ModelRelease, name: str) -> str:
        key: str = self.store.url.key(f"{release.bundle_uri}/{name}")
        return key


@pytest.fixture
def rig(s3: Any, tmp_path: Path, made: list[Path]) -> Rig:
    return Rig(s3, tmp_path, made)


def test_a_release_is_fetched_once_and_served_from_disk_while_the_store_is_away(rig: Rig) -> None:
    release = rig.release(0)
    assert rig.bundles.load(release).release.release_id == "rel-0"
    rig.s3.stop()
    assert len(rig.bundles.load(release).model.predict(["a text"])) == 1


def test_only_the_last_bundles_stay_on_the_disk(rig: Rig) -> None:
    for number in range(4):
        rig.bundles.load(rig.release(number))
    assert rig.cached() == {release_id_of(manifest_sha256(rig.made[number])) for number in (2, 3)}


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "objective.json", "manifest.json"])
def test_one_flipped_byte_in_the_store_is_refused_and_not_kept(rig: Rig, tmp_path: Path, name: str) -> None:
    release = rig.release(0)
    data = bytearray((rig.made[0] / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "flipped").write_bytes(data)
    rig.store.put_file(tmp_path / "flipped", rig.key(release, name))
    with pytest.raises(BundleError, match="sha256"):
        rig.bundles.load(release)
    assert not list(rig.cache.folder.glob("*"))


def test_a_byte_flipped_on_this_disk_is_fetched_again(rig: Rig) -> None:
    release = rig.release(0)
    rig.bundles.load(release)
    file = rig.cache.folder / release_id_of(release.bundle_sha256) / "model.onnx"
    file.write_bytes(b"x" + file.read_bytes()[1:])
    assert rig.bundles.load(release).release.release_id == "rel-0"


def test_files_that_the_manifest_does_not_list_are_never_fetched(rig: Rig, tmp_path: Path) -> None:
    release = rig.release(0)
    (tmp_path / "evil").write_bytes(b"\x80\x04.")
    rig.store.put_file(tmp_path / "evil", rig.key(release, "model.pkl"))
    rig.bundles.load(release)
    assert "model.pkl" not in {each.name for each in (rig.cache.folder / next(iter(rig.cached()))).iterdir()}


def test_a_manifest_that_says_less_than_the_store_holds_costs_no_more_than_it_says(rig: Rig, tmp_path: Path) -> None:
    release = rig.release(0)
    (tmp_path / "bomb").write_bytes(bytes(5 * 2**20))
    rig.store.put_file(tmp_path / "bomb", rig.key(release, "model.onnx"))
    with pytest.raises(BundleError, match="are taken at most"):
        rig.bundles.load(release)


def test_a_bundle_of_which_only_a_part_has_arrived_is_refused(rig: Rig, made: list[Path]) -> None:
    release = rig.release(0)
    release.bundle_uri = rig.store.put_file(made[0] / "model.onnx", "bundles/rel-half/model.onnx").rpartition("/")[0]
    with pytest.raises(BundleError, match="is not in the store"):
        rig.bundles.load(release)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://other/towpath/bundles/{id}",
        "s3://{bucket}/towpath/../secret/{id}",
        "s3://{bucket}/towpath/bundles/..%2f..%2f{id}",
        "s3://{bucket}/towpath/bundles/%252e%252e/{id}",
        "s3://{bucket}/towpath/bundles/{id}?versionId=1",
        "s3://{bucket}/towpath/bundles/{id}#x",
        "s3://{bucket}/towpath/bundles/{id};x",
        "s3://{bucket}/towpath\\bundles/{id}",
        "s3://{bucket}/towpathology/{id}",
        "http://169.254.169.254/latest/meta-data/{id}",
        "file:///etc/{id}",
        "file:{id}",
        "",
    ],
)
def test_nothing_outside_of_the_store_is_asked_for(rig: Rig, uri: str) -> None:
    release = rig.release(0)
    release.bundle_uri = uri.format(bucket=rig.s3.bucket, id=release_id_of(release.bundle_sha256))
    rig.s3.stop()  # who asked it would be told that it is away
    with pytest.raises(BundleError, match=r"(not|names) in the store"):
        rig.bundles.load(release)


def test_a_name_of_the_cache_cannot_be_told_by_a_release(rig: Rig) -> None:
    release = rig.release(0)
    release.bundle_sha256 = "../../x"
    with pytest.raises(BundleError, match="is no sha256"):
        rig.bundles.load(release)


def test_bundles_on_the_shared_home_are_still_opened(rig: Rig) -> None:
    folder = rig.bundles.root / "rel-local"
    shutil.copytree(rig.made[0], folder)
    sha256 = manifest_sha256(folder)
    local = ModelRelease(release_id="rel-l", model_name="m", bundle_uri=folder.as_uri(), bundle_sha256=sha256)
    assert rig.bundles.load(local).release.release_id == "rel-l"


class Following:
    """The worker's follower in a thread, on a broker in memory and a store in S3."""

    def __init__(self, rig: Rig) -> None:
        registry, self.codec = Registry.load("test."), Codec()
        self.topic, self.broker, self.slot = registry.full_name("models"), MemoryBroker(), ModelSlot()
        self.broker.create_topics(registry.specs())
        self.metrics = ServingMetrics(CollectorRegistry())
        self.follower = ReleaseFollower(self.broker, self.codec, registry, rig.bundles.load, self.slot, self.metrics)
        self.ready = _model_check(self.slot, self.follower)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.follower.run, args=(self.stop,))

    def publish(self, release: ModelRelease) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send([self.codec.encode(release, topic=self.topic, key="m")], timeout_s=5)

    def serves(self) -> str | None:
        serving = self.slot.get()
        return serving.release.release_id if serving else None

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not true():
            assert time.monotonic() < deadline, (self.serves(), self.follower.refusal)
            assert self.thread.is_alive()
            time.sleep(0.01)

    def waits(self) -> bool:
        return bool(self.metrics.waiting._value.get())

    def __enter__(self) -> Following:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(60)


def test_while_the_store_is_away_the_old_model_serves_and_the_new_one_follows_when_it_is_back(rig: Rig) -> None:
    old, new = rig.release(0), rig.release(1)
    with Following(rig) as it:
        it.publish(old)
        it.until(lambda: it.serves() == "rel-0")
        rig.s3.stop()
        it.publish(new)
        it.until(it.waits)
        assert it.serves() == "rel-0"
        it.ready()
        rig.s3.start()
        it.until(lambda: it.serves() == "rel-1")
        it.until(lambda: not it.waits())
        assert it.metrics.refused._value.get() == 0


def test_without_a_model_and_a_store_it_is_not_ready_and_says_why(rig: Rig) -> None:
    release = rig.release(0)
    rig.s3.stop()
    with Following(rig) as it:
        it.publish(release)
        it.until(it.waits)
        with pytest.raises(Exception, match=r"rel-0 is waited for: the store s3://.* cannot be used"):
            it.ready()
        rig.s3.start()
        it.until(lambda: it.serves() == "rel-0")
        it.ready()


def test_a_worker_that_starts_while_the_store_is_away_serves_the_last_one_on_its_disk(rig: Rig) -> None:
    old, new = rig.release(0), rig.release(1)
    rig.bundles.load(old)
    rig.s3.stop()
    it = Following(rig)
    it.publish(old)
    it.publish(new)
    with it:
        it.until(lambda: it.serves() == "rel-0")
        it.until(it.waits)
        rig.s3.start()
        it.until(lambda: it.serves() == "rel-1")


def test_a_newer_release_takes_the_place_of_one_that_is_waited_for(rig: Rig) -> None:
    old, lost, newest = rig.release(0), rig.release(1), rig.release(2)
    rig.bundles.load(newest)
    with Following(rig) as it:
        it.publish(old)
        it.until(lambda: it.serves() == "rel-0")
        rig.s3.stop()
        it.publish(lost)
        it.until(it.waits)
        it.publish(newest)
        it.until(lambda: it.serves() == "rel-2")
        it.until(lambda: not it.waits())
        rig.s3.start()


def test_a_disk_that_is_full_or_read_only_is_waited_out(rig: Rig, tmp_path: Path) -> None:
    release = rig.release(0)
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "cache").write_text("no folder")
    with pytest.raises(RetryableError, match="cache"):
        rig.bundles.load(release)
