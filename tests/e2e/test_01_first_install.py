"""`helm install` as it is, with nothing set: works on the first try, each time."""

from __future__ import annotations

import time

import pytest

from e2e.support.cluster import CHART, namespace


@pytest.mark.parametrize("attempt", range(1, 11))
def test_the_first_install_answers_a_document(attempt: int, report: dict[str, object]) -> None:
    with namespace(f"first-{attempt}") as space:
        begin = time.monotonic()
        try:
            space.helm("install", "towpath", str(CHART), "--wait", "--timeout=6m")
            installed = time.monotonic() - begin
            told = space.helm("test", "towpath", "--logs", "--timeout=3m")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{space.told()}") from failure
        answered = time.monotonic() - begin
        assert "prediction" in told
        assert space.restarts() == {}
        seconds = report.setdefault("install_s / first_prediction_s", [])
        assert isinstance(seconds, list)
        seconds.append([round(installed, 1), round(answered, 1)])
        space.helm("uninstall", "towpath", "--wait", "--timeout=3m")
