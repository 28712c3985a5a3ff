"""KServe's stock ModelServer with a custom model around the same ONNX graph: REST, Open Inference Protocol."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from setting import OnnxModel


class Classifier(Model):
    def __init__(self) -> None:
        super().__init__("tweet-sentiment")
        self._model = OnnxModel()
        self._model.predict(["a text to warm up with"])
        self.ready = True

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None, **_: object) -> InferResponse:
        texts = [each.decode() if isinstance(each, bytes) else each for each in payload.inputs[0].data]
        found = np.array(self._model.predict(texts))
        output = InferOutput("probabilities", list(found.shape), "FP64")
        output.set_data_from_numpy(found, binary_data=False)
        return InferResponse(payload.id, self.name, [output])


if __name__ == "__main__":
    ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, access_log_format=None).start([Classifier()])
