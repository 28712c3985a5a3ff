"""Why a client could not connect, which kafka-python 3.0 logs and then forgets.

Its bootstrap tries until the time is up and raises "unable to bootstrap" whatever had happened; and an answer that
arrives together with the end of the connection, as Kafka's to a wrong password does, is dropped unread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from kafka import errors
from kafka.net.compat import KafkaNetClient

__all__ = ["watched"]

_KEPT = 8


def watched(client: KafkaNetClient) -> Callable[[], BaseException | None]:
    """From now on `client` reads answers before the end; the result tells what its connections died of."""
    manager = client._manager
    connect, build = manager.get_connection, manager._build_transport
    tried: deque[Any] = deque(maxlen=_KEPT)

    def get_connection(*arguments: Any, **named: Any) -> Any:
        connection = connect(*arguments, **named)
        tried.append(connection)
        return connection

    async def build_transport(*arguments: Any, **named: Any) -> Any:
        transport = await build(*arguments, **named)
        transport._sock_recv = _answers_first(transport._sock_recv)
        return transport

    manager.get_connection, manager._build_transport = get_connection, build_transport
    return lambda: _telling(tried)


def _answers_first(receive: Callable[[], tuple[bytes, Any]]) -> Callable[[], tuple[bytes, Any]]:
    def received() -> tuple[bytes, Any]:
        data, error = receive()
        # The end of the connection stays readable: the next call returns it, with nothing before it.
        return (data, None) if data else (data, error)

    return received


def _telling(tried: Iterable[Any]) -> BaseException | None:
    """The last failure, but for the one that only says that no time was left for another try."""
    failures = [failure for each in tried if (failure := _failure_of(each)) is not None]
    told = [each for each in failures if not isinstance(each, errors.KafkaTimeoutError | errors.RequestTimedOutError)]
    return next(reversed(told or failures), None)


def _failure_of(connection: Any) -> BaseException | None:
    future = connection.init_future
    failure: BaseException | None = future.exception if future.is_done and future.failed() else None
    return failure
