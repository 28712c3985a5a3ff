"""Files and whole folders, in a folder and in S3: the same suite for both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from towpath.core.errors import ForbiddenError, NotFoundError, RejectedError, RetryableError, TooLargeError
from towpath.core.store import Store, digest_of, forget, forgotten_in


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        (tmp_path / "store").mkdir()
        return Store.open((tmp_path / "store").as_uri())
    s3: Any = request.getfixturevalue("s3")
    return s3.store("prefix")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "a.txt").write_text("aaa")
    (made / "b.bin").write_bytes(bytes(20 * 2**20))
    (made / "marker.json").write_text(json.dumps({"a.txt": 3, "b.bin": 20 * 2**20}))
    return made


def listed(raw: bytes) -> Mapping[str, int]:
    sizes: dict[str, int] = json.loads(raw)
    return sizes


def test_a_file_comes_back_as_it_was_and_new_ones_are_seen_at_once(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x00one")
    assert (store.exists("runs/r-1/x"), store.names("runs/r-1")) == (False, [])
    assert store.put_file(tmp_path / "x", "runs/r-1/x") == f"{store.url.url}/runs/r-1/x"
    assert (store.exists("runs/r-1/x"), store.names("runs/r-1"), store.names("runs")) == (True, ["x"], ["r-1"])
    store.get_file("runs/r-1/x", tmp_path / "new" / "y", max_bytes=4)
    assert (tmp_path / "new" / "y").read_bytes() == store.read("runs/r-1/x", max_bytes=4) == b"\x00one"
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["y"], "nothing half-made is left"


def test_bytes_are_written_again_and_taken_away(store: Store) -> None:
    for data in (b"one", b"", b"another"):
        store.write(data, "a/b.json")
        assert store.read("a/b.json", max_bytes=10) == data
    for _ in range(2):
        store.remove("a/b.json")
        assert store.names("a") == []


def test_what_is_forgotten_is_known_by_its_hash_and_since_when_it_first_was(store: Store) -> None:
    names = ["d-1", "ü/..", ""]
    for name in names:
        assert forget(store, name, at="2026-11-30T12:00:00+00:00", by="me") == "2026-11-30T12:00:00+00:00"
        assert forget(store, name, at="2026-12-01T12:00:00+00:00", by="you") == "2026-11-30T12:00:00+00:00"
    assert forgotten_in(store) == {digest_of(name) for name in names}
    assert not any("d-1" in each for each in store.names("forgotten"))


def test_more_than_the_limit_is_refused_before_it_is_read(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put_file(folder / "b.bin", "b")
    with pytest.raises(TooLargeError, match="20971520 bytes, 1000 are taken"):
        store.get_file("b", tmp_path / "b", max_bytes=1000)
    assert not (tmp_path / "b").exists()


def test_a_folder_comes_back_whole(store: Store, folder: Path, tmp_path: Path) -> None:
    url = store.put_folder(folder, "things/t-1", marker="marker.json")
    assert store.put_folder(folder, "things/t-1", marker="marker.json") == url
    store.get_folder(store.url.key(url), tmp_path / "cache" / "t-1", marker="marker.json", listed=listed)
    assert {each.name: each.read_bytes() for each in (tmp_path / "cache" / "t-1").iterdir()} == {
        each.name: each.read_bytes() for each in folder.iterdir()
    }
    assert [each.name for each in (tmp_path / "cache").iterdir()] == ["t-1"]


def test_a_folder_without_its_marker_is_not_there(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put_file(folder / "a.txt", "things/t-1/a.txt")
    with pytest.raises(NotFoundError):
        store.get_folder("things/t-1", tmp_path / "t-1", marker="marker.json", listed=listed)
    assert not (tmp_path / "t-1").exists()


def test_a_file_that_is_lost_is_sent_again(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put_folder(folder, "things/t-1", marker="marker.json")
    (tmp_path / "cut").write_text("a")
    store.put_file(tmp_path / "cut", "things/t-1/a.txt")
    store.put_folder(folder, "things/t-1", marker="marker.json")
    assert store.read("things/t-1/a.txt", max_bytes=10) == b"aaa"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "x\x00", ".hidden", "%2e%2e"])
def test_a_marker_that_lists_other_places_is_refused(store: Store, folder: Path, tmp_path: Path, name: str) -> None:
    store.put_folder(folder, "things/t-1", marker="marker.json")
    with pytest.raises(RejectedError):
        store.get_folder("things/t-1", tmp_path / "in" / "t-1", marker="marker.json", listed=lambda _: {name: 3})
    assert list((tmp_path / "in").glob("*")) == []


def test_links_and_folders_are_not_sent(store: Store, folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(RejectedError, match="link is no plain file"):
        store.put_folder(folder, "things/t-1", marker="marker.json")
    assert store.names("things") == []


def test_a_link_in_a_shared_folder_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "store" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(RejectedError, match="leads out of the store"):
        Store.open((tmp_path / "store").as_uri()).read("link", max_bytes=100)


def test_a_volume_that_is_not_mounted_is_away_not_empty(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="mount the volume"):
        Store.open((tmp_path / "store").as_uri()).read("x", max_bytes=1)


def test_a_bucket_that_is_missing_is_away_not_empty(s3: Any) -> None:
    with pytest.raises(RetryableError, match="create the bucket"):
        Store.open("s3://no-such-bucket/x", endpoint_url=s3.url).read("x", max_bytes=1)


def test_a_store_that_is_away_is_retried_and_used_when_it_is_back(s3: Any, folder: Path) -> None:
    store = s3.store("p")
    s3.stop()
    for use in (lambda: store.put_file(folder / "a.txt", "a"), lambda: store.read("a", max_bytes=9),
                lambda: store.exists("a"), lambda: store.names("p")):  # fmt: skip
        with pytest.raises(RetryableError, match="cannot be used"):
            use()
    s3.start()
    store.put_file(folder / "a.txt", "a")
    assert store.read("a", max_bytes=9) == b"aaa"


def test_without_credentials_nothing_is_sent(
    s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(ForbiddenError, match="AWS_ACCESS_KEY_ID"):
        s3.store("p").put_file(folder / "a.txt", "a")


def test_credentials_are_in_no_repr(s3: Any) -> None:
    assert "hunter2" not in repr(s3.store("p"))
