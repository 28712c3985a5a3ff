"""Waiting between tries: exponential, with full jitter, and cut short by a shutdown."""

from __future__ import annotations

import random
import threading

__all__ = ["Backoff"]


class Backoff:
    """`while not stop.is_set(): try …; backoff.reset() except RetryableError: backoff.wait(stop)`.

    Delays are drawn from [0, base · 2^n] seconds, up to `cap_s` ("full jitter", so that many workers
    that lost the same broker do not come back at the same moment).
    """

    def __init__(self, *, base_s: float = 0.1, cap_s: float = 5.0, seed: int | None = None) -> None:
        self._base_s, self._cap_s = base_s, cap_s
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._tries = 0

    @property
    def tries(self) -> int:
        """Waits since the last success."""
        return self._tries

    def reset(self) -> None:
        self._tries = 0

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next try; True when `stop` was set meanwhile."""
        return stop.wait(self.delay_s())

    def delay_s(self) -> float:
        """Seconds until the next try, for who has other things to do meanwhile. Counts as a wait."""
        ceiling = min(self._cap_s, self._base_s * 2 ** min(self._tries, 16))
        self._tries += 1
        return self._random.uniform(0.0, ceiling)
