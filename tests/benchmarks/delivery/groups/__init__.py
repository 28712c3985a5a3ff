"""Figures by the rounds in which they are measured."""

from benchmarks.delivery.groups.throughput import Throughput
from benchmarks.delivery.rounds import Group

__all__ = ["GROUPS"]

GROUPS: dict[str, Group] = {each.key: each for each in (Throughput(),)}
