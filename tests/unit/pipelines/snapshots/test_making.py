"""As of which moment, from where on, and what happens when Kafka, the store or a file is not as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from towpath.core.errors import ConflictError, CrashError, NotFoundError, RejectedError, RetryableError
from towpath.core.stream import Partition
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.making import make
from towpath.pipelines.snapshots.tally import Reading
from towpath.pipelines.snapshots.whole import verify

from ...conftest import S3Server
from .conftest import Town, word


def test_a_moment_that_is_past_is_had_however_much_came_since(town: Town, tmp_path: Path) -> None:
    ids = []
    for n in range(4):
        town.now = 10 * n
        town.annotated(n)
        ids.append(town.anew(tmp_path / f"then-{n}").manifest.id)
    town.now = 100
    town.make()
    for n in (2, 0, 3, 1):
        at = town.make(as_of=town.moment(10 * n + 0.5))
        assert at.manifest.id == ids[n]
    assert len(set(ids)) == 4
    assert town.make(as_of=town.moment(20)).manifest.id == ids[2], "what came at the moment itself is in it"


def test_only_what_came_since_is_read(town: Town) -> None:
    town.annotated(*range(50))
    assert town.make().messages == 100
    town.annotated(50)
    made = town.make()
    assert (made.messages, made.parent is not None) == (2, True)
    again = town.make()
    assert (again.messages, again.known, again.manifest) == (0, True, made.manifest)
    assert len(town.depot.names()) == 2


def test_a_moment_before_anything_is_told_with_what_there_is(town: Town) -> None:
    with pytest.raises(RejectedError, match="towpath ingest"):
        town.make()
    town.now = 50
    town.annotated(1)
    with pytest.raises(RejectedError, match=r"no snapshot is that old, and the oldest .* of 2023-11-14T22:14:10"):
        town.make(as_of=town.moment(49))
    with pytest.raises(RejectedError, match="is to come"):
        town.make(as_of=town.moment(10**10))
    assert town.depot.names() == []


def test_what_retention_took_is_still_in_the_snapshots_after_it(town: Town, tmp_path: Path) -> None:
    town.annotated(*range(10))
    before = town.make().manifest
    town.annotated(10)
    everything = town.anew(tmp_path / "all").manifest
    retained(town, before.offsets)
    assert town.make().manifest.id == everything.id
    lost = town.anew(tmp_path / "late")
    assert lost.manifest.document_count == 1
    assert any("messages of documents" in each and "retention" in each for each in lost.manifest.gaps)


def test_messages_that_nobody_kept_before_they_went_are_counted(town: Town) -> None:
    town.annotated(1)
    town.make()
    town.annotated(2, 3)
    retained(town, dict.fromkeys(town.make().manifest.offsets, 10**6))
    town.depot.store.remove(f"manifests/{town.depot.names()[0]}")
    town.annotated(4)
    made = town.make()
    assert made.manifest.document_count == 2
    assert sum(int(each.split()[0]) for each in made.manifest.gaps) == 4


def retained(town: Town, offsets: dict[str, int]) -> None:
    """Kafka drops what is before `offsets`."""
    for key, offset in offsets.items():
        name, number = key.split("/")
        log = town.broker.log(Partition(town.registry.full_name(name), int(number)))
        log.begin = min(offset, log.end)


def test_topics_that_were_made_anew_are_begun_from_nothing(town: Town) -> None:
    town.annotated(*range(10))
    town.make()
    other = Town(town.home)  # the same home, another Kafka
    other.annotated(*range(20))
    made = other.make()
    assert (made.parent, made.manifest.document_count) == (None, 20)
    assert any("made anew" in each for each in made.warnings)
    town.annotated(10)
    again = town.make()
    assert (again.messages, again.warnings) == (2, ()), "the first one's are gone on from"


def test_what_was_read_before_it_was_interrupted_is_not_read_again(town: Town, tmp_path: Path) -> None:
    town.annotated(*range(30))
    told: list[int] = []

    def broken(what: str, done: int, of: int) -> None:
        told.append(done)
        if len(told) == 3:
            town.broker.away = True

    with pytest.raises(RetryableError):
        town.make(batch=10, tell=broken)
    assert town.depot.names() == []
    town.broker.away = False
    made = town.make(batch=10)
    assert made.messages == 60 - told[-1] < 60
    assert made.manifest.id == town.anew(tmp_path / "b").manifest.id
    verify(town.depot, made.manifest)


def test_unreadable_messages_are_left_out_and_told(town: Town) -> None:
    from towpath.core.stream import Message

    town.annotated(1)
    with town.broker.producer(client_id="test") as producer:
        producer.send(
            [Message(town.registry.full_name("documents"), value) for value in (b"poison", None)], timeout_s=1
        )
    made = town.make()
    assert made.manifest.document_count == 1
    assert any("1 messages are none" in each for each in made.warnings)


def test_a_chunk_that_was_changed_by_hand_is_named(town: Town) -> None:
    town.annotated(*range(3))
    manifest = town.make().manifest
    file = town.depot.cache / f"{manifest.annotations[0].sha256}.parquet"
    kept = file.read_bytes()
    for damaged in (kept[:-1] + b"!", kept + b"more", b""):
        file.write_bytes(damaged)
        town.annotated(9)
        for doing in (lambda: verify(town.depot, manifest), town.make):
            with pytest.raises(CrashError, match=f"{file.name}.*was changed"):
                doing()
    file.unlink()
    with pytest.raises(NotFoundError, match=file.name):
        verify(town.depot, manifest)
    made = town.make(full=True)
    verify(town.depot, made.manifest)


@pytest.mark.parametrize("change", ["documentCount", "offsets", "id", "digest", "noJson", "more"])
def test_a_manifest_that_was_changed_by_hand_is_named(town: Town, change: str) -> None:
    town.annotated(*range(3))
    manifest = town.make().manifest
    file = town.home / "manifests" / manifest.name
    told = json.loads(file.read_text())
    told[change] = {"documentCount": 7, "offsets": {}, "id": "sha256:" + "0" * 64}.get(change, "x")
    file.write_text("{" if change == "noJson" else json.dumps(told))
    with pytest.raises(CrashError, match=manifest.name):
        town.depot.find("latest")
    again = town.make()
    assert again.manifest.id == manifest.id, "one that is damaged is passed over, and told"
    assert any(manifest.name in each for each in again.warnings)


def test_snapshots_are_found_by_id_by_its_beginning_and_by_pin(town: Town) -> None:
    with pytest.raises(NotFoundError, match="towpath data snapshot makes one"):
        town.depot.find("latest")
    town.annotated(1)
    first = town.make().manifest
    town.annotated(2)
    second = town.make().manifest
    town.depot.pin("baseline", first, "me")
    digits = first.id.removeprefix("sha256:")
    for told in (first.id, digits, digits[:8], f"sha256:{digits[:8]}", "baseline"):
        assert town.depot.find(told) == first
    assert town.depot.find("latest") == second
    with pytest.raises(ConflictError, match="--move"):
        town.depot.pin("baseline", second, "me")
    town.depot.pin("baseline", second, "me", move=True)
    assert town.depot.find("baseline") == second
    for name in ("", "latest", "a/b", "..", "abcdef", "1st", "x" * 80):
        with pytest.raises(RejectedError, match="is no name"):
            town.depot.pin(name, first, "me")


def test_in_a_bucket_that_goes_away_what_is_finished_stays_and_the_rest_goes_on(
    town: Town, s3: S3Server, tmp_path: Path
) -> None:
    def depot(home: str) -> Depot:
        return Depot.open(s3.store("towpath"), tmp_path / home)

    mine = depot("mine")
    town.annotated(*range(20))
    first = make(town.broker, town.registry, mine, Reading()).manifest
    town.annotated(*range(20, 40))

    def lost(what: str, done: int, of: int) -> None:
        if what == "storing":
            s3.stop()

    with pytest.raises(RetryableError, match=r"s3://.*cannot be used"):
        make(town.broker, town.registry, mine, Reading(), tell=lost)
    s3.start()
    other = depot("other")
    assert list(other.manifests()) == [first]
    verify(other, first)
    second = make(town.broker, town.registry, mine, Reading())
    assert second.messages == 0, "it had been read"
    assert second.manifest.document_count == 40
    # And another machine goes on from it.
    town.annotated(40)
    third = make(town.broker, town.registry, other, Reading())
    assert (third.messages, third.manifest.parent) == (2, second.manifest.id)
    verify(depot("a third"), third.manifest)
    town.send(word(1, label="dog", at=9))
    assert make(town.broker, town.registry, other, Reading()).manifest.classes == {"cat": 40, "dog": 1}
