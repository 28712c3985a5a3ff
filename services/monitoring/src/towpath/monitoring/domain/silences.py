"""The fold of the topic `alerts`: what is silenced. Pure.

A silence lasts until a message says that it is over: monitoring writes one when its time has come, so that whoever
reads the topic again comes to the same.
"""

from __future__ import annotations

from collections import OrderedDict

from towpath.v1 import Alert, AlertState

__all__ = ["MAX_SILENCES", "Silences"]

MAX_SILENCES = 1000
_STATES = (AlertState.ALERT_STATE_SILENCED, AlertState.ALERT_STATE_UNSILENCED)


class Silences:
    """At most 1,000; the oldest go first."""

    def __init__(self) -> None:
        self._active: OrderedDict[str, Alert] = OrderedDict()
        self._lifted: OrderedDict[str, int] = OrderedDict()
        self._by_cause: dict[str, list[Alert]] = {}

    def apply(self, message: Alert) -> None:
        """What the topic says; alerts are passed over."""
        identity, at = message.alert_id, message.created_at.ToNanoseconds()
        lifted = self._lifted.get(identity, -1)
        if not identity or message.state not in _STATES or at <= lifted:
            return  # nothing new
        if message.state == AlertState.ALERT_STATE_UNSILENCED:
            self._active.pop(identity, None)
            self._lifted[identity] = at
            _trim(self._lifted)
        elif identity not in self._active or at > self._active[identity].created_at.ToNanoseconds():
            self._active[identity] = message
            _trim(self._active)
        self._by_cause = {}
        for each in self._active.values():
            self._by_cause.setdefault(each.cause, []).append(each)

    def active(self) -> list[Alert]:
        return list(self._active.values())

    def find(self, silence_id: str) -> Alert | None:
        return self._active.get(silence_id)

    def was(self, silence_id: str) -> bool:
        """Whether it is over."""
        return silence_id in self._lifted

    def of(self, cause: str) -> Alert | None:
        """The one that silences `cause` for longest."""
        found = (each for silenced in _above(cause) for each in self._by_cause.get(silenced, ()))
        return max(found, key=lambda each: each.until.ToNanoseconds(), default=None)

    def expired(self, now_ns: int) -> list[Alert]:
        """Those whose time has come and that no message has ended yet."""
        return [each for each in self._active.values() if each.until.ToNanoseconds() <= now_ns]


def _above(cause: str) -> list[str]:
    """What silences `cause`: itself, and each beginning that ends in a slash."""
    return [cause, *(cause[: place + 1] for place, letter in enumerate(cause[:-1]) if letter == "/")]


def _trim(kept: OrderedDict[str, Alert] | OrderedDict[str, int]) -> None:
    while len(kept) > MAX_SILENCES:
        kept.popitem(last=False)
