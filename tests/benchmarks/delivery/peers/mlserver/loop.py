"""MLServer with its Kafka mode: writes its settings where the bench says, and becomes `mlserver start`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
BATCH = {"max_batch_size": 32, "max_batch_time": 0.01}


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    kafka = {
        "kafka_enabled": bool(os.environ.get("BENCH_INPUT")),
        "kafka_servers": os.environ.get("BENCH_SERVERS", ""),
        "kafka_topic_input": os.environ.get("BENCH_INPUT", ""),
        "kafka_topic_output": os.environ.get("BENCH_OUTPUT", ""),
    }
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "debug": False,
        # In the process itself: a worker process beside it would cost a copy of every request.
        "parallel_workers": 0,
        **kafka,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    # Alone, a request would wait for the batch's time: over REST one is sent after the other.
    model = {
        "name": "tweet-sentiment",
        "implementation": "runtime.Runtime",
        **(BATCH if kafka["kafka_enabled"] else {}),
    }
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.environ["PYTHONPATH"] = f"{HERE}{os.pathsep}{HERE.parent}"
    program = str(Path(sys.executable).parent / "mlserver")
    os.execv(program, [program, "start", str(folder)])


if __name__ == "__main__":
    main()
