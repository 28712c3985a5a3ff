"""A consumer group: members, a generation that changes whenever they do, committed offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from towpath.core.stream.port import Partition

__all__ = ["Group", "Membership"]


@dataclass(frozen=True, slots=True)
class Membership:
    """Who says so: what KIP-447 sends along with offsets."""

    group: str
    member: int
    generation: int


@dataclass(slots=True)
class Group:
    name: str
    generation: int = 0
    committed: dict[Partition, int] = field(default_factory=dict)
    members: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _next_member: int = 0

    def join(self, topics: Sequence[str]) -> int:
        self._next_member += 1
        self.members[self._next_member] = tuple(topics)
        self.generation += 1
        return self._next_member

    def leave(self, member: int) -> None:
        if self.members.pop(member, None) is not None:
            self.generation += 1

    def assigned(self, member: int, partitions: Mapping[str, Sequence[Partition]]) -> frozenset[Partition]:
        """The member's share: round robin, topic by topic, over the members that want the topic."""
        mine: set[Partition] = set()
        for topic in self.members.get(member, ()):
            wanting = sorted(each for each, topics in self.members.items() if topic in topics)
            rank = wanting.index(member)
            mine.update(p for n, p in enumerate(partitions.get(topic, ())) if n % len(wanting) == rank)
        return frozenset(mine)

    def accepts(self, who: Membership) -> bool:
        return who.member in self.members and who.generation == self.generation
