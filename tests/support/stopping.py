"""What stands in for a shutdown."""

from __future__ import annotations

import threading


class StopAfter(threading.Event):
    """Set after so many looks at it: a loop's only clock."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0
