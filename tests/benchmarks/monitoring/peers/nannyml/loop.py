"""NannyML's CBPE: what documents are worth, chunk by chunk, from calibrated probabilities alone.

    python loop.py IN.npz OUT.json

IN has `matrix` (K, K), cost of deciding for the column when the row is true; of the documents that a release was judged
on `judged` (n, K) probabilities, `judged_labels` (n,) and `judged_truths` (n,); and of chunks of different sizes, one
after the other, `live` (m, K), `live_labels` (m,) and `live_chunks` (m,). OUT gets of each chunk, in order, the cost of
a document and the bounds that NannyML gives it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
logging.disable(logging.WARNING)

import nannyml  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402


def main() -> None:
    given = np.load(sys.argv[1], allow_pickle=False)
    classes = [f"c{n}" for n in range(given["judged"].shape[1])]

    def frame(which: str) -> pd.DataFrame:
        made = pd.DataFrame(given[which], columns=[f"p_{name}" for name in classes])
        made["label"] = [classes[n] for n in given[f"{which}_labels"]]
        return made

    reference, live = frame("judged"), frame("live")
    reference["truth"] = [classes[n] for n in given["judged_truths"]]
    # A document's value: a chunk's is the sum over its documents.
    estimator = nannyml.CBPE(
        y_pred_proba={name: f"p_{name}" for name in classes},
        y_pred="label",
        y_true="truth",
        problem_type="classification_multiclass",
        metrics=["business_value"],
        business_value_matrix=given["matrix"],
        chunk_size=len(reference),
    )
    estimator.fit(reference)
    found = []
    for chunk in np.unique(given["live_chunks"]):
        rows = live[given["live_chunks"] == chunk]
        made = estimator.estimate(rows.reset_index(drop=True)).filter(period="analysis").to_df()
        value, low, high = (made["business_value", name] for name in _COLUMNS)
        size = len(rows)
        found.append([float(each.sum()) / size for each in (value, low, high)])
    Path(sys.argv[2]).write_text(json.dumps(found))


_COLUMNS = ("value", "lower_confidence_boundary", "upper_confidence_boundary")

if __name__ == "__main__":
    main()
