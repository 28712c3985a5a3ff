"""Jars are those pinned, or nothing runs."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from towpath.cli.local import choose_port, distribution
from towpath.core.errors import RetryableError, TowpathError

GOOD = b"a jar"
SHA256 = hashlib.sha256(GOOD).hexdigest()


class FakeMaven:
    """Gives `contents` one after another, as downloads to one file."""

    def __init__(self, folder: Path, *contents: bytes) -> None:
        self.path, self.contents = folder / "a-1.jar", list(contents)

    def __call__(self) -> Path:
        if not self.path.exists():
            if not self.contents:
                raise RuntimeError("not found in remote repositories")
            self.path.write_bytes(self.contents.pop(0))
        return self.path


def test_a_download_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    jar = distribution._one(FakeMaven(tmp_path, GOOD[:2], GOOD), "g:a:1", SHA256)
    assert jar.read_bytes() == GOOD


def test_a_jar_other_than_the_pinned_one_is_refused_and_removed(tmp_path: Path) -> None:
    maven = FakeMaven(tmp_path, b"evil", b"evil")
    with pytest.raises(TowpathError, match="g:a:1 is not the jar that was pinned"):
        distribution._one(maven, "g:a:1", SHA256)
    assert not maven.path.exists()


def test_no_network_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="is there a network"):
        distribution._one(FakeMaven(tmp_path), "g:a:1", SHA256)


def test_a_class_path_with_a_missing_jar_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Path] = []

    def fetch(folder: Path, lock: str, tell: object) -> list[Path]:
        jar = folder / "k.jar"
        jar.write_bytes(GOOD)
        fetched.append(jar)
        return [jar]

    monkeypatch.setenv("TOWPATH_CACHE", str(tmp_path))
    monkeypatch.setattr(distribution, "_fetch", fetch)
    first = distribution.class_path()
    assert distribution.class_path() == first
    assert len(fetched) == 1
    Path(first.split(os.pathsep)[0]).unlink()
    assert distribution.class_path() == first
    assert len(fetched) == 2


def test_the_lock_names_each_jar_once_with_its_hash() -> None:
    lock = Path(distribution.__file__).with_name("jars.lock").read_text().splitlines()
    coordinates = [line.split()[0] for line in lock]
    assert len(set(coordinates)) == len(lock)
    assert f"org.apache.kafka:kafka_2.13:{distribution.KAFKA_VERSION}" in coordinates
    assert all(len(line.split()[1]) == 64 for line in lock)


def test_a_preferred_port_is_taken_when_free_and_passed_over_when_not() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        assert choose_port(taken) != taken
    free = choose_port()
    assert choose_port(free) == free
    assert choose_port(free, not_these={free}) != free
