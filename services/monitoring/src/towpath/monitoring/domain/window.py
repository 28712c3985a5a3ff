"""A mapping that remembers the last N keys that were put."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["Window"]

K = TypeVar("K")
V = TypeVar("V")


class Window(Generic[K, V]):
    """The oldest key is forgotten when there are more than `size`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def values(self) -> Iterable[V]:
        """Oldest first."""
        return self._kept.values()

    def put(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def add(self, key: K, value: V) -> bool:
        """Put it unless the key is there; whether it was new."""
        if key in self._kept:
            return False
        self.put(key, value)
        return True
