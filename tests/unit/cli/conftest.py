"""What the commands find around them here: nothing, but what a test starts itself."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_kafka_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the usual port another test's Kafka may listen, or one of the machine's; on port 1 nobody does."""
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
