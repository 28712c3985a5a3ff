"""Online learning on real Kafka: partitions that come as they come, and a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.online import Rig, documents, feedback
from support.waiting import until
from towpath.core.stream import KafkaBroker, Registry
from towpath.training.domain.online.releases import is_online

pytestmark = pytest.mark.kafka


def test_a_head_reigns_and_a_restart_finds_it_again(tmp_path: Path, broker: KafkaBroker, topics: Registry) -> None:
    rig = Rig(tmp_path, broker, topics)
    rig.send([*documents(150), *feedback(range(150), "neutral")])
    with rig.running():
        until(lambda: is_online(rig.reigning()))
    before = [each.release_id for each in rig.released()]
    with rig.running() as metrics:
        until(lambda: metrics.registry.get_sample_value("towpath_training_online_reigns"))
    assert [each.release_id for each in rig.released()] == before
