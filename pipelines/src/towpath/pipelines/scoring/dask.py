"""Many machines by Dask: the same function on the same shards. docs/decisions/0014 says why Dask.

Workers unpickle what their scheduler sends them, so who reaches the scheduler runs code on all of them: it must be
private, or speak TLS (tls://…, certificates as Dask's own configuration names them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from towpath.core.errors import RejectedError, RetryableError
from towpath.pipelines.scoring.manifest import Part
from towpath.pipelines.scoring.task import Task, score_shard

__all__ = ["Dask"]

_AHEAD = 4


@dataclass(frozen=True)
class Dask:
    """The workers of the scheduler at `address`. A shard whose worker dies is given to another one.

    Args:
        threads: for inference of one shard; a worker scores as many shards at once as it has threads.
    """

    address: str
    threads: int | None = 1
    elsewhere: bool = True
    timeout_s: float = 30.0

    def run(self, tasks: Iterable[Task]) -> Iterator[Part]:
        """Raises RetryableError when the cluster goes away, RejectedError when its workers know no Towpath."""
        from distributed import as_completed

        rest = iter(tasks)
        with _told(self.address), _client(self) as client:
            client.wait_for_workers(1, timeout=self.timeout_s)
            first = [_submit(client, each) for each in islice(rest, self._ahead(client))]
            running = as_completed(first, loop=client.loop)
            for future in running:
                part = future.result()
                future.release()
                for each in islice(rest, 1):
                    running.add(_submit(client, each))
                yield part

    def _ahead(self, client: Any) -> int:
        threads: dict[str, int] = client.nthreads()
        return _AHEAD * max(1, sum(threads.values()))


def _client(engine: Dask) -> Any:
    from distributed import Client
    from distributed.security import Security

    security = Security()
    # Dask would raise a TypeError, and wait for a minute.
    if engine.address.startswith("tls://") and security.get_connection_args("client")["ssl_context"] is None:
        raise RejectedError(
            f"{engine.address} wants certificates, and Dask's configuration names none: set "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY"
        )
    return Client(engine.address, security=security, timeout=engine.timeout_s, set_as_default=False)


def _submit(client: Any, task: Task) -> Any:
    # Not pure: a part that was lost must be made again, and not remembered.
    return client.submit(score_shard, task, key=f"score-{task.shard.name}", pure=False, retries=1)


@contextmanager
def _told(address: str) -> Iterator[None]:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise RetryableError(
            f"workers died over and over on {error.task}: out of memory? Run again to go on, with more of it"
        ) from error
    except (CommClosedError, FutureCancelledError, TimeoutError, OSError) as error:
        raise RetryableError(
            f"the Dask cluster at {address} does not answer or has no workers: {error}; run again to go on"
        ) from error
    except (ImportError, RuntimeError) as error:
        raise RejectedError(
            f"workers of {address} cannot run it: {error}; each needs towpath-pipelines[distributed] of this version"
        ) from error
