"""How a topic on the broker differs from what the registry says of it."""

from __future__ import annotations

from towpath.core.stream.port import TopicSpec

__all__ = ["differences"]


def differences(wanted: TopicSpec, found: TopicSpec | None) -> list[str]:
    """In words, each with both values; empty when nothing differs. What `wanted` does not name may be anything."""
    if found is None:
        return [f"{wanted.name} is not there"]
    pairs = [("partitions", str(wanted.partitions), str(found.partitions))]
    if wanted.replication is not None:
        pairs.append(("replication", str(wanted.replication), str(found.replication)))
    pairs += [(name, value, found.config.get(name, "unknown")) for name, value in sorted(wanted.config.items())]
    return [f"{wanted.name}: {name} is {here}, not {said}" for name, said, here in pairs if said != here]
