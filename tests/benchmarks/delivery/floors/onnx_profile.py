"""Where ONNX Runtime's time goes, by kind of operation.

    python -m benchmarks.delivery.floors.onnx_profile BUNDLE TEXTS.json THREADS FOLDER

prints the share of each as JSON; the trace itself stays in FOLDER.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import onnxruntime as ort
from tokenizers import Tokenizer

from towpath.model.batching import batches
from towpath.model.predictor import padded

_DOCUMENTS = 600


def main() -> None:
    bundle, texts, folder = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[4])
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[3])
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "onnx")
    session = ort.InferenceSession(str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"])
    ids = [each.ids for each in Tokenizer.from_file(str(bundle / "tokenizer.json")).encode_batch(texts[:_DOCUMENTS])]
    for batch in batches([len(each) for each in ids], max_tokens=4096, max_texts=64):
        rows = [ids[n] for n in batch]
        session.run(None, {"input_ids": padded(rows), "attention_mask": padded([[1] * len(each) for each in rows])})
    spent: Counter[str] = Counter()
    for event in json.loads(Path(session.end_profiling()).read_text()):
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"]
    total = sum(spent.values())
    print(json.dumps({name: value / total for name, value in spent.most_common(10)}))


if __name__ == "__main__":
    main()
