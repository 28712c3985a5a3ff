"""Figures by the rounds in which they are measured."""

from benchmarks.delivery.groups.backlog import Backlog
from benchmarks.delivery.groups.changes import Changes
from benchmarks.delivery.groups.latency import Latency
from benchmarks.delivery.groups.rest import Rest
from benchmarks.delivery.groups.starting import Starting
from benchmarks.delivery.groups.throughput import Throughput
from benchmarks.delivery.groups.workers import Workers
from benchmarks.delivery.rounds import Group

__all__ = ["GROUPS"]

_ALL: tuple[Group, ...] = (Throughput(), Latency(), Rest(), Backlog(), Changes(), Starting(), Workers())
# The first goes first: others take from it what the worker can do.
GROUPS: dict[str, Group] = {each.key: each for each in _ALL}
