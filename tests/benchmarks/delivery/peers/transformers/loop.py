"""A Kafka loop around transformers' `pipeline("text-classification")`: the same encoder, the same head, in torch."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")

import kafka_loop  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from setting import CLASSES, ENCODER, HEAD, MAX_TOKENS, THREADS  # noqa: E402
from transformers import AutoConfig, AutoTokenizer, BertModel, BertPreTrainedModel, pipeline  # noqa: E402
from transformers.modeling_outputs import SequenceClassifierOutput  # noqa: E402


class Classifier(BertPreTrainedModel):
    """Mean pooling to unit length and a linear head, as in the bundle's graph."""

    def __init__(self, config: object) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.head = torch.nn.Linear(config.hidden_size, len(CLASSES))
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, **_):
        states = self.bert(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return SequenceClassifierOutput(logits=self.head(torch.nn.functional.normalize(pooled)))


def loaded() -> Classifier:
    names = dict(enumerate(CLASSES))
    config = AutoConfig.from_pretrained(ENCODER, local_files_only=True, id2label=names, num_labels=len(names))
    model = Classifier(config)
    model.bert = BertModel.from_pretrained(ENCODER, local_files_only=True, add_pooling_layer=False)
    head = np.load(HEAD)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(head["coef"]))
        model.head.bias.copy_(torch.from_numpy(head["intercept"]))
    return model.eval()


def main() -> None:
    torch.set_num_threads(THREADS)
    tokenizer = AutoTokenizer.from_pretrained(ENCODER, local_files_only=True, model_max_length=MAX_TOKENS)
    classify = pipeline("text-classification", model=loaded(), tokenizer=tokenizer, device="cpu")

    def predict(texts: list[str], size: int) -> list[list[float]]:
        found = classify(texts, batch_size=size, top_k=None, truncation=True)
        return [[{each["label"]: each["score"] for each in row}[name] for name in CLASSES] for row in found]

    def seconds(size: int) -> float:
        # Its documentation says to measure whether batches help: they do not always, on a CPU.
        begin = time.perf_counter()
        predict([f"a text of some length {'word ' * (n % 30)}" for n in range(64)], size)
        return time.perf_counter() - begin

    seconds(8)
    best = min((1, 8, 32), key=seconds)
    print(f"batch_size {best}", flush=True)
    kafka_loop.run(lambda texts: predict(texts, best))


if __name__ == "__main__":
    main()
