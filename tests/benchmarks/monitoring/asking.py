"""Peers, asked by arrays and answering in JSON, each in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.delivery.environments import PeerError, made

__all__ = ["PEERS", "ask"]

PEERS = Path(__file__).with_name("peers")
_LIMIT_S = 3600.0


def ask(
    tell: Callable[[str], None], peer: str, program: str, given: Mapping[str, Any], settings: Sequence[str] = ()
) -> Any:
    """What the `program` of a peer makes of arrays, on one thread.

    Raises:
        PeerError: there is no such environment, or its program failed.
    """
    python = made(peer, tell, PEERS)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.npz", Path(folder) / "out.json"
        np.savez(source, **given)
        command = [str(python), str(PEERS / peer / program), str(source), str(out), *settings]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=environment, timeout=_LIMIT_S
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{peer}: {error}") from error
        if done.returncode != 0:
            raise PeerError(f"{peer}: {(done.stderr or done.stdout).strip()[-800:]}")
        return json.loads(out.read_text("utf-8"))
