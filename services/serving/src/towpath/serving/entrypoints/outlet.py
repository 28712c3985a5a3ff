"""Writing and committing behind the inference: one transaction at a time, in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

__all__ = ["Outlet"]


class Outlet:
    """One commit is under way while the next batch is inferred; a second one waits for it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._under_way: Future[None] | None = None

    def give(self, commit: Callable[[], None]) -> None:
        """Start `commit` once the one before has succeeded. Raises what that one raised, and starts nothing then."""
        self.drain()
        self._under_way = self._executor.submit(commit)

    def check(self) -> None:
        """Raises what the commit under way raised, if it has ended by now."""
        if self._under_way is not None and self._under_way.done():
            self.drain()

    def drain(self) -> None:
        """Wait for the commit under way. Raises what it raised."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()
