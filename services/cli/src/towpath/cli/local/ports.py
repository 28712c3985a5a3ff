"""Loopback ports: which are free, which are taken."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

__all__ = ["choose_port", "is_free"]

# Below the range that Linux hands out to outgoing connections (32768 and above), so that a port stays
# free for a server that is restarted on it.
_LOWEST, _HIGHEST = 20_000, 32_000


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_port(preferred: int | None = None, *, not_these: Collection[int] = ()) -> int:
    """`preferred` when it is free, else any free port.

    Raises:
        OSError: none of 200 ports tried is free.
    """
    if preferred is not None and preferred not in not_these and is_free(preferred):
        return preferred
    for _ in range(200):
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - a port, not a secret
        if port not in not_these and is_free(port):
            return port
    raise OSError(f"no free port among 200 tried between {_LOWEST} and {_HIGHEST}")
