"""How long a run may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["limited"]

_LOOK_S = 0.1


@contextmanager
def limited(stop: threading.Event, seconds: float) -> Iterator[threading.Event]:
    """An event that is set when `stop` is, or when `seconds` are over: whatever ends at `stop` ends then, too."""
    either, done = threading.Event(), threading.Event()

    def watch() -> None:
        left = seconds
        while left > 0 and not stop.is_set():
            if done.wait(min(_LOOK_S, left)):
                return
            left -= _LOOK_S
        either.set()

    threading.Thread(target=watch, name="patience", daemon=True).start()
    try:
        yield either
    finally:
        done.set()
