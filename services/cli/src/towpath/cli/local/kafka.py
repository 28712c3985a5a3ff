"""A real Apache Kafka on this machine: one node, KRaft, loopback."""

from __future__ import annotations

import base64
import re
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from towpath.cli.local.distribution import class_path, java, tell_terminal
from towpath.cli.local.ports import choose_port, is_free
from towpath.cli.local.process import Process
from towpath.core.errors import RetryableError, TowpathError
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker

__all__ = ["USUAL_PORT", "LocalKafka"]

# What every command and service takes when it is told nothing.
USUAL_PORT = 9092

_START_LIMIT_S = 60.0
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
# One node: nothing to replicate to. Few partitions of internal topics: a start within seconds.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# After a SIGKILL it is not taken back before its old session has passed.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""


class LocalKafka:
    """`folder` holds its data, configuration and log, and is kept; its ports too, where they are still free.

    It ends when this process ends, however, unless `detached`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        preferred_port: int | None = None,
        detached: bool = False,
        properties: str = "",
        long_running: bool = False,
        tell: Callable[[str], None] = tell_terminal,
    ) -> None:
        """Listen on `port` and no other, else on the port of before, else on `preferred_port` where it is free.

        `properties` are added to the broker's configuration, {port} and {controller_port} filled in; a name that
        stands there already gets the new value.
        `long_running`: Java compiles ever better what it runs often: a minute of a processor, won back
        later; else it compiles quickly, once.
        `tell` gets lines of progress while jars are fetched.

        Raises:
            TowpathError: `port` is taken.
        """
        self.folder = folder.resolve()
        self._detached, self._tell, self._properties = detached, tell, properties
        self._compiler = [] if long_running else ["-XX:TieredStopAtLevel=1"]
        if port is not None and not is_free(port):
            raise TowpathError(f"port {port} is taken: stop what listens there, or choose another")
        before = _ports_of(self.folder / "server.properties")
        self.port = port or choose_port(before.get("PLAINTEXT", preferred_port))
        self._controller_port = choose_port(before.get("CONTROLLER"), not_these={self.port})
        self._process: Process | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers)

    @property
    def pid(self) -> int | None:
        """Of the Java process; None when it does not run."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    def start(self) -> Self:
        """Return when it answers.

        Raises:
            TowpathError: it ended, or did not answer in time; the message shows its log.
        """
        jars = class_path(self._tell)
        self._configure(jars)
        heap = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", *self._compiler]
        level = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
        command = [str(java()), *heap, *level, "-cp", jars, "kafka.Kafka", str(self.folder / "server.properties")]
        # Kafka takes its own lock too late: a second one on the same data would harm the first's metadata.
        lock = self.folder / "in-use"
        self._process = Process(command, log=self.log, grace_s=15.0, detached=self._detached, lock=lock)
        self._process.start()
        self._wait(self._process)
        return self

    def stop(self) -> None:
        """SIGTERM and, if that is not enough, SIGKILL. `start` begins again on the same port and data."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """SIGKILL, as a fault would."""
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _configure(self, jars: str) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        text = _PROPERTIES + self._properties
        properties.write_text(
            text.format(port=self.port, controller_port=self._controller_port, folder=self.folder), encoding="utf-8"
        )
        if (self.folder / "data" / "meta.properties").exists():
            return
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "0")
        tool = [str(java()), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", jars, "kafka.tools.StorageTool"]
        done = subprocess.run(
            [*tool, "format", "--standalone", "-t", cluster_id, "-c", str(properties)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_LIMIT_S,
        )
        if done.returncode != 0:
            raise TowpathError(f"Kafka could not format {self.folder}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _wait(self, process: Process) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        with KafkaBroker(self.settings) as broker:
            while True:
                try:
                    broker.ping(timeout_s=1.0)
                except RetryableError as error:
                    if not process.alive or time.monotonic() > deadline:
                        process.stop()
                        raise TowpathError(f"Kafka did not start: {error}; its log ends:\n{process.tail()}") from error
                else:
                    return


def _ports_of(properties: Path) -> dict[str, int]:
    """Listeners of an earlier start, by name."""
    if not properties.exists():
        return {}
    line = re.search(r"^listeners=(.*)$", properties.read_text(), re.MULTILINE)
    listeners = line[1].split(",") if line else []
    return {each.split(":")[0]: int(each.rsplit(":", 1)[1]) for each in listeners}
