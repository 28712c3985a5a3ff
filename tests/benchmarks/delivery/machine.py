"""Under which circumstances something was measured: processor, versions, texts. Neither host names nor paths."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.delivery.environments import PEERS, versions
from benchmarks.delivery.place import Scale
from towpath.cli.local.distribution import KAFKA_VERSION

__all__ = ["described", "processor"]

_OURS = ("onnxruntime", "tokenizers", "kafka-python", "numpy", "kserve")


def described(texts: Sequence[str], scale: Scale, threads: int, *, of_semeval: bool) -> dict[str, object]:
    """What stands in the report, and makes rounds comparable."""
    peers = sorted(each.parent.name for each in PEERS.glob("*/requirements.txt"))
    return {
        "processor": processor(),
        "cores": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": threads,
        "kafka": f"Apache Kafka {KAFKA_VERSION}, one broker, on the same cores",
        "versions": {each: version(each) for each in _OURS},
        "peers": {each: found for each in peers if (found := versions(each))},
        "texts": "SemEval-2017 Task 4A" if of_semeval else "Hutto & Gilbert's tweets (vaderSentiment 3.3.2)",
        "different_texts": len(texts),
        "texts_sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16],
        "scale": {name: value for name, value in asdict(scale).items() if name != "pairs"},
        **({"quick": True} if scale == replace(Scale.quick(), pairs=scale.pairs) else {}),
    }


def processor() -> str:
    """Its model, and which instructions count for matrices."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    lines = [line.partition(":") for line in info.read_text().splitlines()]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    flags = fields.get("flags", "").split()
    useful = [each for each in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if each in flags]
    return f"{fields.get('model name', platform.machine())} ({', '.join(useful) or 'no AVX'})"
