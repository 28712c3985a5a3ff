"""faststream (aiokafka) with a batch subscriber around the same ONNX graph."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faststream import FastStream
from faststream.kafka import KafkaBroker
from setting import GROUP, INPUT, OUTPUT, SERVERS, OnnxModel, answer

broker = KafkaBroker(SERVERS, acks="all", enable_idempotence=True)
model = OnnxModel()


@broker.subscriber(
    INPUT, group_id=GROUP, auto_offset_reset="earliest", batch=True, max_records=500, batch_timeout_ms=100
)
async def on_documents(documents: list[dict[str, str]]) -> None:
    found = await asyncio.to_thread(model.predict, [each["text"] for each in documents])
    pairs = zip(documents, found, strict=True)
    sent = [
        await broker.publish(
            answer(each["documentId"], row), topic=OUTPUT, key=each["documentId"].encode(), no_confirm=True
        )
        for each, row in pairs
    ]
    await asyncio.gather(*sent)


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())
