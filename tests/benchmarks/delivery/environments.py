"""The peers' environments: one each, from a list of pinned packages, made when it is not there yet."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["PEERS", "PeerError", "made", "program", "versions"]

PEERS = Path(__file__).parent / "peers"
_ROOT = Path(__file__).parents[3]
_TOLD = (
    "alibi-detect",
    "evidently",
    "faststream",
    "kserve",
    "mlserver",
    "onnxruntime",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)


class PeerError(Exception):
    """An environment could not be made; the message says why."""


def made(name: str, tell: Callable[[str], None], peers: Path = PEERS) -> Path:
    """The Python of the environment `name`, of the folder `peers`.

    Raises:
        PeerError: a package is not to be had.
    """
    requirements = peers / name / "requirements.txt"
    folder = _ROOT / ".cache" / "bench-peers" / name
    stamp, python = folder / "made-of", folder / "bin" / "python"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python
    tell(f"making the environment of {name}")
    uv = _run(["scripts/uv"]).strip()
    _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
    # Everything is named and pinned: torch must not bring what it says it needs (CUDA).
    _run([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), "-r", str(requirements)])
    if "torch" in versions(name, peers):
        packages = _run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
        _run([sys.executable, str(PEERS / "cuda_stubs.py"), packages])
    stamp.write_text(wanted)
    return python


def program(name: str, file: str = "loop.py") -> str:
    return str(PEERS / name / file)


def versions(name: str, peers: Path = PEERS) -> dict[str, str]:
    """Of what matters in the environment `name`."""
    lines = (peers / name / "requirements.txt").read_text().split()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    return {each: pinned[each] for each in _TOLD if each in pinned}


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=1200)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise PeerError(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout
