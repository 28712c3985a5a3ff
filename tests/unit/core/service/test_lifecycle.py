"""A service as a process: it starts, stops in order on SIGTERM, and fails loudly when a loop crashes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

PROGRAM = """
import sys, threading
from prometheus_client import CollectorRegistry
from towpath.core.service import Health, Service, ServiceSettings, run
{loop}
settings = ServiceSettings(http={{"port": 0}}, grace_s={grace})
service = Service("demo", settings, Health(), CollectorRegistry(), loops=[loop],
                  close=[lambda: print("closed first", flush=True), lambda: print("closed last", flush=True)])
sys.exit(run(service))
"""
WAITS = "def loop(stop):\n    print('ready', flush=True)\n    stop.wait()\n    print('loop ended', flush=True)"
CRASHES = "def loop(stop):\n    raise ValueError('lost my way')"
# By then the main thread waits: a signal that is sent to a process may be given to any of its threads.
TAKES_IT = """
    import signal
    def loop(stop):
        stop.wait(1)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        stop.wait()
        print('loop ended', flush=True)
"""
HANGS = "def loop(stop):\n    print('ready', flush=True)\n    threading.Event().wait()"


def start(loop: str, grace: float = 3.0, **environment: str) -> subprocess.Popen[str]:
    program = PROGRAM.format(loop=textwrap.dedent(loop), grace=grace)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_loops_then_closes_in_reverse(number: signal.Signals) -> None:
    process = start(WAITS)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == "loop ended\nclosed last\nclosed first\n"
    records = [json.loads(line) for line in err.splitlines()]
    assert {"service.started", "service.stopping", "service.stopped"} <= {r["event"] for r in records}
    assert all(record["service"] == "demo" for record in records)


def test_a_signal_that_another_thread_took_ends_the_process_all_the_same() -> None:
    process = start(TAKES_IT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert out == "loop ended\nclosed last\nclosed first\n"


def test_a_crashed_loop_ends_the_process_with_code_1_and_says_why() -> None:
    process = start(CRASHES)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "lost my way" in err
    assert "closed last" in out


def test_a_loop_that_does_not_end_is_cut_off_after_the_grace_period() -> None:
    process = start(HANGS, grace=1.0)
    assert process.stdout is not None
    process.stdout.readline()
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - begin < 10
    assert "service.threads_left" in err


def test_an_open_address_without_a_key_is_refused_at_start() -> None:
    program = PROGRAM.format(loop=WAITS, grace=1).replace('"port": 0', '"port": 0, "host": "0.0.0.0"')
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "TOWPATH_AUTH_MODE=api-key" in done.stderr


@pytest.mark.parametrize(
    ("module", "setting", "value", "reason"),
    [
        ("ingestion", "TOWPATH_HTTP_PORT", "seven", "valid integer"),
        ("monitoring", "TOWPATH_KAFKA_SECURITY_PROTOCOL", "TLS", "SASL_SSL"),
        ("training", "TOWPATH_TOPIC_PREFIX", "no spaces", "pattern"),
        ("serving", "TOWPATH_SERVING_BUNDLE", "/nowhere", "/nowhere: no such folder"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(module: str, setting: str, value: str, reason: str) -> None:
    command = [sys.executable, "-m", f"towpath.{module}"]
    environment = {**os.environ, setting: value}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode in (1, 2)
    record = json.loads(done.stderr)  # one line: no stack for what the operator can mend
    assert record["event"] == "service.refused"
    assert setting in record.get("setting", "") + record["reason"]
    assert reason in record["reason"]
