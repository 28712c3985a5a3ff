"""What a well-behaved client of ingestion feels of ill-behaved ones: p99 alone and beside them, in turn.

    make bench

starts a Kafka and an ingestion service and prints a ratio a pair. Ill-behaved are: clients that drip a body, clients
that send one that is too long, and clients that send one that nests ten thousand deep (reliability, input 8).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx

from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.stream import KafkaBroker, Registry

JSON = {"Content-Type": "application/json"}
PROBES_PER_S, HOSTILE_PER_S, DRIPPING = 40, 10, 64


async def probe(client: httpx.AsyncClient, seconds: float) -> list[float]:
    """Latency of each small document, in seconds; they are sent at a fixed rate, whatever the answers take."""

    async def one(number: int) -> float:
        await asyncio.sleep(number / PROBES_PER_S)
        begin = time.perf_counter()
        answer = await client.post("/v1/documents", json={"text": f"a small document {number}"})
        answer.raise_for_status()
        return time.perf_counter() - begin

    return list(await asyncio.gather(*(one(n) for n in range(int(seconds * PROBES_PER_S)))))


async def drip(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        while True:
            await asyncio.sleep(0.5)
            yield b"x"

    await client.post("/v1/documents", content=body(), headers=JSON)


def repeated(content: bytes, media_type: str) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
    async def send(client: httpx.AsyncClient) -> None:
        while True:
            with suppress(httpx.HTTPError):  # a connection that is closed in mid-body is the answer
                answer = await client.post("/v1/documents", content=content, headers={"Content-Type": media_type})
                assert answer.status_code in (413, 422), answer.text
            await asyncio.sleep(1 / HOSTILE_PER_S)

    return send


TOO_LONG = repeated(json.dumps({"text": "x" * 2_000_000}).encode(), "application/json")
DEEP = repeated(b"[" * 10_000, "application/x-ndjson")


async def beside(client: httpx.AsyncClient, seconds: float) -> list[float]:
    hostile = [asyncio.create_task(drip(client)) for _ in range(DRIPPING)]
    hostile += [asyncio.create_task(kind(client)) for kind in (TOO_LONG, DEEP)]
    await asyncio.sleep(0.5)
    try:
        return await probe(client, seconds)
    finally:
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)


def p99(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100, method="inclusive")[98]


async def measure(url: str, pairs: int, seconds: float) -> list[float]:
    ratios = []
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        await probe(client, 2)
        for number in range(pairs):
            order = (probe, beside) if number % 2 == 0 else (beside, probe)
            found = {each: p99(await each(client, seconds)) for each in order}
            ratios.append(found[beside] / found[probe])
            alone, among = 1000 * found[probe], 1000 * found[beside]
            print(
                f"pair {number + 1}: p99 {alone:.1f} ms alone, {among:.1f} ms beside, ratio {ratios[-1]:.2f}",
                flush=True,
            )
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each half of a pair")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, LocalKafka(Path(folder)) as kafka:
        with KafkaBroker(kafka.settings) as broker:
            broker.create_topics(Registry.load().specs())
        port = choose_port()
        environment = {
            **os.environ,
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TOWPATH_HTTP_PORT": str(port),
            "TOWPATH_LOG_LEVEL": "WARNING",
        }
        service = subprocess.Popen([sys.executable, "-m", "towpath.ingestion"], env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/readyz")
            ratios = asyncio.run(measure(url, arguments.pairs, arguments.seconds))
        finally:
            service.terminate()
            service.wait(15)
    print(f"ratio of p99: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not become ready")


if __name__ == "__main__":
    main()
