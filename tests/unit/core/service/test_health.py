"""Readiness checks: each has its own answer, a hanging one harms nobody."""

from __future__ import annotations

import threading

from towpath.core.errors import RetryableError
from towpath.core.service import Health


def test_each_check_answers_for_itself() -> None:
    health = Health()

    def away() -> None:
        raise RetryableError("broker away")

    def broken() -> None:
        raise OSError("secret path")

    health.add("good", lambda: None)
    health.add("kafka", away)
    health.add("disk", broken)
    assert health.report() == {"good": "ok", "kafka": "broker away", "disk": "OSError"}
    assert not health.ready()
    health.close()


def test_a_hanging_check_is_reported_and_not_started_twice() -> None:
    release, started = threading.Event(), []

    def hangs() -> None:
        started.append(1)
        release.wait(10)

    health = Health(cache_s=0.0, limit_s=0.05)
    health.add("kafka", hangs)
    assert health.report() == {"kafka": "no answer within 0.05 s"}
    assert health.report() == {"kafka": "no answer within 0.05 s"}
    assert len(started) == 1
    release.set()
    health.close()


def test_checks_run_at_most_once_in_the_cache_time() -> None:
    now, runs = [0.0], []
    health = Health(cache_s=1.0, clock=lambda: now[0])
    health.add("kafka", lambda: runs.append(1))
    for _ in range(100):
        assert health.ready()
    assert len(runs) == 1
    now[0] = 1.0
    assert health.ready()
    assert len(runs) == 2
    health.close()
