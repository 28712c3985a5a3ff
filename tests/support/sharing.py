"""How `make test` shares the tests among processes: file by file, the longest first. conftest takes its hooks.

Each process starts a Kafka of its own, and most tests wait for processes more than they compute.
"""

from __future__ import annotations

import os
import sys
from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

from towpath.cli.local import ports

# They start what a user starts, on the usual ports: of two at once, one would find them taken.
USUAL_PORTS = ("test_documented_commands.py", "test_demo.py", "test_up.py")
# The longest; begun last, each would be waited for by all. Then the folders of which most take seconds.
FIRST = (
    *USUAL_PORTS,
    "test_training.py",
    "test_every_stage.py",
    "test_serving_faults.py",
    "test_acls.py",
    "test_closed_loop.py",
    "test_run_in_a_store.py",
    "test_online.py",
    "test_performance_statistics.py",
    "test_compare.py",
    "test_rollouts.py",
)
THEN = {"faults", "integration"}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For `-n auto`. Some of the tests are run sooner in this process than processes are started."""
    option = config.option
    if option.keyword or option.markexpr or config.args_source is config.ArgsSource.ARGS:
        return 0
    return max(3, min(len(os.sched_getaffinity(0)), 6))


def pytest_configure(config: pytest.Config) -> None:
    """A range of ports for each process, as they choose one some time before they listen on it; and one thread.

    With as many threads of BLAS as cores in each, those that wait for others' take the cores from those that compute:
    comparing windows took twice the processor's time. What tests start inherits it.
    """
    # The processes that tests start import much, and each would compile it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    if (input_ := getattr(config, "workerinput", None)) is not None:
        share = (ports._HIGHEST - ports._LOWEST) // input_["workercount"]
        ports._LOWEST += share * int(input_["workerid"].removeprefix("gw"))
        ports._HIGHEST = ports._LOWEST + share


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    times = Counter(item.nodeid for item in items)
    for item in items:
        # schemathesis gives all operations one id, by which xdist would run the first of them only.
        if times[item.nodeid] > 1:
            assert item.parent is not None
            item._id = item.parent.id.child(item.name)
    assert len({item.nodeid for item in items}) == len(items), "xdist runs one of those that share an id"
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: (places.get(item.path.name, len(places)), THEN.isdisjoint(item.path.parts)))


class ByFile(LoadScopeScheduling):
    """Fixtures of a module are set up once, in the process that has the file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "usual ports" if file.endswith(USUAL_PORTS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False
    return ByFile(config, log)
