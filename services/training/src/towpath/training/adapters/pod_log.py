"""A pod's log as lines, each once, whatever happens to the connection it comes over."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue

import structlog

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.service import Backoff
from towpath.training.adapters.cluster import Cluster

__all__ = ["Once", "PodLog"]

_log = structlog.get_logger(__name__)


class Once:
    """Passes each line on once. After a disconnect the log is read from its beginning again.

    Lines are led by the time at which they were written. Neither their order (two streams are joined in one log) nor
    their number (rotation takes the beginning of a long one away) says which ones are new, so all are remembered.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def new(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The new lines of one reading, without their times. One that was cut off is left for the next reading."""
        for line in _lines(chunks):
            if (mark := hash(line)) not in self._seen:
                self._seen.add(mark)
                yield line.partition(b" ")[2].decode("utf-8", "replace")


class PodLog:
    """Follows the log of one pod in a thread until it ends or `close`."""

    def __init__(self, cluster: Cluster, pod: str) -> None:
        self._cluster, self._pod = cluster, pod
        self._once, self._lines, self._closed = Once(), SimpleQueue[str](), threading.Event()
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name=f"log-{pod}", daemon=True)
        self._thread.start()

    def ready(self) -> Iterator[str]:
        """The lines that came since."""
        while not self._lines.empty():
            yield self._lines.get()

    def read_rest(self) -> None:
        """Ends the following, once the pod has ended: whatever it had not got to is `ready` then.

        Raises:
            RetryableError: the connection broke; what came before is kept.
            RejectedError: the log is not there any more.
        """
        self.close()
        with self._reading:
            self._read(follow=False)

    def close(self) -> None:
        self._closed.set()

    def _follow(self) -> None:
        backoff = Backoff(base_s=0.2)
        while not self._closed.is_set():
            try:
                with self._reading:
                    self._read(follow=True)
                backoff.reset()
            except (RetryableError, RejectedError) as error:
                _log.info("training.log_interrupted", pod=self._pod, reason=str(error)[:300])
            # A log that ends may be that of a pod that has ended: whoever follows the pod closes this then.
            backoff.wait(self._closed)

    def _read(self, *, follow: bool) -> None:
        with self._cluster.log(self._pod, follow=follow) as chunks:
            for line in self._once.new(chunks):
                self._lines.put(line)
                if follow and self._closed.is_set():
                    return


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n")
        yield from whole
