"""MLServer's custom runtime around the same ONNX graph; batching is its own (`max_batch_size` in model-settings)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from setting import OnnxModel


class Runtime(MLModel):
    async def load(self) -> bool:
        self._model = OnnxModel()
        self._model.predict(["a text to warm up with"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        import numpy as np

        texts = StringCodec.decode_input(payload.inputs[0])
        found = np.array(self._model.predict(texts))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output(name="probabilities", payload=found)]
        )
