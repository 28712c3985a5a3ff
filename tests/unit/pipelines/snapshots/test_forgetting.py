"""A document that is forgotten is in no file any more, and no snapshot that had it is called corrupt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from towpath.core.errors import ConflictError, CrashError, RetryableError
from towpath.core.store import Store, forget, forgotten_in, was_forgotten
from towpath.pipelines.snapshots import forgetting, purging
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.making import make
from towpath.pipelines.snapshots.manifest import Manifest
from towpath.pipelines.snapshots.tally import Reading
from towpath.pipelines.snapshots.whole import verify, write_messages
from towpath.pipelines.steps.snapshot import load_snapshot, write_snapshot

from ...conftest import S3Server
from .conftest import Town, document, word
from .test_growth import cats_or_dogs

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECRET = "what nobody must read any more"


def forgotten(depot: Depot, document_id: str = "doc-1") -> None:
    since = forget(depot.store, document_id, at=AT.isoformat(), by="me")
    forgetting.purge_chunks(depot, document_id, datetime.fromisoformat(since), lambda *_: None)
    was_forgotten(depot.store, document_id)


def filled(town: Town) -> list[Manifest]:
    """Three snapshots, of which two have the document, in chunks that they share."""
    town.annotated(0, 2)
    made = [town.make().manifest]
    town.send(document(1, SECRET), word(1), word(1, rater="s", label="dog"), document(5))
    made.append(town.make().manifest)
    town.annotated(*range(6, 20))
    return [*made, town.make().manifest]


def everywhere(folder: Path, needle: str) -> Iterator[Path]:
    """Files that have it; Parquet's pages are unpacked."""
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            if file.suffix == ".parquet":
                data = repr(pq.read_table(file).to_pylist()).encode()
            if needle.encode() in data:
                yield file


def test_it_is_in_no_chunk_and_snapshots_that_had_it_say_so(town: Town) -> None:
    first, *others = filled(town)
    assert {each.id for each in forgetting.holding(town.depot, "doc-1")} == {each.id for each in others}
    assert list(everywhere(town.home, SECRET))
    forgotten(town.depot)
    assert not list(everywhere(town.home, SECRET))
    assert not list(everywhere(town.home, "doc-1'"))
    assert town.depot.find(first.id) == first
    for each in others:
        left = town.depot.find(each.id)
        assert left.document_count == each.document_count - 1
        assert left.annotation_count == each.annotation_count - 2
        verify(town.depot, left)
        with pytest.raises(ConflictError, match=r"was forgotten on 2026-11-30.*no longer whole"):
            write_messages(town.depot, left, town.home / "run")
    write_messages(town.depot, first, town.home / "run")


def test_new_snapshots_leave_it_out_whichever_way_they_are_made(town: Town, tmp_path: Path) -> None:
    reading = Reading(objective=cats_or_dogs(tmp_path))
    filled(town)
    town.make(reading)
    forgotten(town.depot)
    town.send(word(1, rater="late"), document(1, "again"), word(1, at=5, deleted=True, document_id=""))
    grown, full = town.make(reading).manifest, town.make(reading, full=True).manifest
    told = ("id", "document_count", "annotation_count", "held", "raters", "classes", "forgotten")
    assert [getattr(grown, name) for name in told] == [getattr(full, name) for name in told]
    assert (grown.document_count, grown.forgotten) == (16, ())
    assert forgetting.holding(town.depot, "doc-1") == [each for each in town.depot.manifests() if each.forgotten], (
        "those made since never had it"
    )


def test_an_interrupted_forgetting_is_done_to_its_end(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(town)
    steps = 0

    def interrupted(store: Store, data: bytes, key: str) -> str:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise RetryableError("the store went away")
        return write(store, data, key)

    write = Store.write
    monkeypatch.setattr(Store, "write", interrupted)
    with pytest.raises(RetryableError):
        forgotten(town.depot)
    monkeypatch.setattr(Store, "write", write)
    assert forgotten_in(town.depot.store)
    with pytest.raises(ConflictError, match="towpath data forget DOCUMENT_ID again"):
        town.make()
    forgotten(town.depot)
    assert not list(everywhere(town.home, SECRET))
    for each in town.depot.manifests():
        verify(town.depot, each)
        assert len(each.forgotten) <= 1


def test_what_is_forgotten_while_a_snapshot_is_made_is_not_in_it(town: Town) -> None:
    town.annotated(0, 2)
    town.send(document(1, SECRET), word(1))

    def meanwhile(what: str, done: int, of: int) -> None:
        if what == "reading" and not forgotten_in(town.depot.store):
            forgotten(Depot.open(None, town.home))

    with pytest.raises(RetryableError, match="make it again"):
        town.make(tell=meanwhile)
    assert not list(everywhere(town.home, SECRET))
    assert town.make().manifest.document_count == 2


def test_two_are_forgotten_one_after_the_other(town: Town) -> None:
    filled(town)
    for name in ("doc-1", "doc-2"):
        forgotten(town.depot, name)
    assert [len(each.forgotten) for each in town.depot.manifests()] == [2, 2, 1]
    assert [verify(town.depot, each) for each in town.depot.manifests()] == [None] * 3
    assert town.make().manifest.document_count == 15


def test_in_a_bucket_and_in_the_copies_here(town: Town, s3: S3Server, tmp_path: Path) -> None:
    mine, other = (Depot.open(s3.store("towpath"), tmp_path / name) for name in ("mine", "other"))
    town.annotated(0, 2)
    town.send(document(1, SECRET), word(1))
    made = make(town.broker, town.registry, mine, Reading()).manifest
    forgotten(other)
    assert not list(everywhere(tmp_path / "other", SECRET))
    left = other.find(made.id)
    verify(Depot.open(s3.store("towpath"), tmp_path / "a third"), left)
    assert {f"{each.sha256}.parquet" for each in left.chunks} == set(mine.store.names("chunks"))


def rows(folder: Path) -> tuple[dict[str, Any], str]:
    return json.loads((folder / "snapshot.json").read_text()), (folder / "annotations.txt").read_text()


def test_a_runs_folder_says_what_was_forgotten_and_not_that_it_is_corrupt(tmp_path: Path) -> None:
    made = write_snapshot([document(n) for n in range(3)], [word(n) for n in range(3)], tmp_path / "snapshots")
    store = Store.open(tmp_path.as_uri())
    found = purging.folders(store, "doc-1", lambda *_: None)
    assert [each.snapshot_id for each in found] == [made.id]
    for _ in range(2):  # and again, as after an interruption
        purging.purge_folder(found[0], "doc-1", AT.isoformat())
    about, listed = rows(made.path)
    assert (about["documents"], about["annotations"], len(about["forgotten"])) == (2, 2, 1)
    assert "a-1-r" not in listed
    assert not list(everywhere(tmp_path, "doc-1'"))
    with pytest.raises(ConflictError, match="was forgotten on 2026-11-30"):
        load_snapshot(made.path)
    (made.path / "documents.parquet").write_bytes(b"no Parquet")
    with pytest.raises(CrashError, match=r"documents\.parquet"):
        load_snapshot(made.path)


def test_what_runs_were_given_and_embedded_goes(tmp_path: Path) -> None:
    run, store = tmp_path / "runs" / "run-1", Store.open(tmp_path.as_uri())
    run.mkdir(parents=True)
    odd = 'döc "1"'
    lines = [json.dumps({"documentId": each, "text": f"of {odd}"}, ensure_ascii=False) for each in ("a", odd, "b")]
    (run / "documents.ndjson").write_text("\n".join(lines) + "\n")
    (run / "annotations.ndjson").write_text('{"documentId": "a"}\n')
    (run / "report.html").write_text(f"<p>{json.dumps(odd)}</p>")
    np.savez(run / "embeddings.npz", embeddings=np.zeros(3))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "embeddings-1.npy").write_bytes(b"")
    assert purging.purge_runs(store, odd, lambda *_: None) == ["runs/run-1/documents.ndjson"]
    kept = [json.loads(line)["documentId"] for line in (run / "documents.ndjson").read_text().splitlines()]
    assert kept == ["a", "b"]
    assert not (run / "embeddings.npz").exists()
    assert purging.purge_caches(tmp_path) == 1
    assert list(purging.quoting(store, odd)) == [store.url.of("runs/run-1/report.html")]
