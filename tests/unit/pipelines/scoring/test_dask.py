"""Many machines: two worker processes on loopback make what one process makes, also when one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from support.scoring import Write, parts
from support.waiting import until
from towpath.core.errors import RejectedError, RetryableError
from towpath.pipelines.scoring import BundleRef, Here, Told, predict_over
from towpath.pipelines.scoring.dask import Dask
from towpath.pipelines.scoring.score import CHUNK

SHARDS = 5


class Cluster:
    """A scheduler here, and workers as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._local = LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None)
        self.address = self._local.scheduler_address
        self.workers = [self._start(name) for name in ("one", "two")]
        until(lambda: len(self._local.scheduler.workers) == 2)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        command = "--no-nanny --no-dashboard --nthreads 1 --host 127.0.0.1 --death-timeout 60 --local-directory"
        with (self.folder / f"{name}.log").open("wb") as log:
            program = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, *command.split()]
            return subprocess.Popen([*program, str(self.folder / name)], stdout=log, stderr=log)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait(10)
        self._local.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_two_workers_make_what_one_process_makes(
    cluster: Cluster, bundle: BundleRef, csv: Write, tmp_path: Path
) -> None:
    source = csv(SHARDS * CHUNK, extra="b1,\n")
    alone = predict_over(source, bundle, tmp_path / "alone", Here(), home=tmp_path, shard_rows=CHUNK)
    engine = Dask(cluster.address)
    both = predict_over(source, bundle, tmp_path / "both", engine, home=tmp_path, shard_rows=CHUNK)
    assert parts(tmp_path / "both") == parts(tmp_path / "alone")
    assert both.parts == alone.parts
    assert not (tmp_path / "both" / "_input").exists()

    heard = list[int]()

    def kill_one(done: int) -> None:
        heard.append(done)
        if len(heard) == 2:
            os.kill(cluster.workers[0].pid, signal.SIGKILL)

    told = Told(done=kill_one)
    left = predict_over(source, bundle, tmp_path / "left", engine, home=tmp_path, shard_rows=CHUNK, told=told)
    assert cluster.workers[0].wait(10) == -signal.SIGKILL
    assert parts(tmp_path / "left") == parts(tmp_path / "alone")
    assert left.parts == alone.parts
    assert heard[-1] == SHARDS * CHUNK


def test_a_cluster_that_is_not_there_is_told(bundle: BundleRef, csv: Write, tmp_path: Path) -> None:
    engine = Dask("tcp://127.0.0.1:1", timeout_s=0.3)
    with pytest.raises(RetryableError, match=r"tcp://127\.0\.0\.1:1 does not answer"):
        predict_over(csv(3), bundle, tmp_path / "out", engine, home=tmp_path)


def test_a_scheduler_with_tls_wants_certificates(bundle: BundleRef, csv: Write, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="DASK_DISTRIBUTED__COMM__TLS__CA_FILE"):
        predict_over(csv(3), bundle, tmp_path / "out", Dask("tls://127.0.0.1:1"), home=tmp_path)
