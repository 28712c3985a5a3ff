"""The project's own Kafka: quick, clean, persistent, and never left behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from towpath.cli.local import LocalKafka
from towpath.core.errors import RetryableError, TowpathError
from towpath.core.stream import KafkaBroker, Message, TopicSpec

pytestmark = pytest.mark.kafka

STARTER = """
import sys, pathlib, time
from towpath.cli.local import LocalKafka
kafka = LocalKafka(pathlib.Path(sys.argv[1])).start()
print(kafka.pid, flush=True)
time.sleep(300)
"""


def values(kafka: LocalKafka, topic: str) -> list[bytes | None]:
    with KafkaBroker(kafka.settings) as broker, broker.consumer([topic], group=None) as consumer:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if batch := consumer.poll(timeout_s=1.0):
                return [record.value for record in batch.records]
    return []


def test_it_starts_within_15_s_and_what_was_written_survives_kill_and_stop(tmp_path: Path) -> None:
    began = time.monotonic()
    with LocalKafka(tmp_path / "kafka") as kafka:
        assert time.monotonic() - began < 15
        with KafkaBroker(kafka.settings) as broker:
            broker.create_topics([TopicSpec("kept", 1)])
            with broker.producer(client_id="test") as producer:
                producer.send([Message("kept", b"1")], timeout_s=20)
        kafka.kill()
        with KafkaBroker(kafka.settings) as broker, pytest.raises(RetryableError):
            broker.ping(timeout_s=1.0)
        kafka.start()
        assert values(kafka, "kept") == [b"1"]
    with LocalKafka(tmp_path / "kafka") as again:
        assert again.port == kafka.port
        assert values(again, "kept") == [b"1"]


def test_a_folder_can_be_opened_on_other_ports(tmp_path: Path) -> None:
    with LocalKafka(tmp_path / "kafka") as first, KafkaBroker(first.settings) as broker:
        broker.create_topics([TopicSpec("kept", 1)])
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first.port))
        squatter.listen()
        with LocalKafka(tmp_path / "kafka") as second, KafkaBroker(second.settings) as broker:
            assert second.port != first.port
            assert "kept" in broker.topics()
        with pytest.raises(TowpathError, match=f"port {first.port} is taken"):
            LocalKafka(tmp_path / "kafka", port=first.port)


def test_sigkill_of_its_starter_leaves_no_orphan(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "kafka")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline, "Kafka outlived its starter"
        time.sleep(0.05)


def test_a_second_one_on_the_same_data_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with LocalKafka(folder) as first:
        with pytest.raises(TowpathError, match="in use by another process"):
            LocalKafka(folder).start()
        with KafkaBroker(first.settings) as broker:
            broker.ping()


def test_what_keeps_it_from_starting_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with LocalKafka(folder):
        pass
    (folder / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=another\n")
    with pytest.raises(TowpathError, match=r"did not start(.|\n)*node.id"):
        LocalKafka(folder).start()
