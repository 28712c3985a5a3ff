"""Evidently's default tests, and its drift of embeddings, over replays: replays.py IN.npz OUT.json.

Runs in Evidently's environment: nothing of Towpath is there. Its preset takes seconds a report, nearly all of it for
pictures. So what it computes is called here by itself, as its preset does for each column (the test by the column's
kind and the reference's length, at the test's own threshold), and whole presets of the first replays must say the same.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.metrics.data_drift.embedding_drift_methods import mmd, model
from evidently.presets import DataDriftPreset

CATEGORICAL = ("class", "decision")
WHOLE = 2
EMBEDDINGS = {
    "its default": model(),
    "permutation": mmd(bootstrap=True),
    "permutation, 95 %": mmd(bootstrap=True, quantile_probability=0.95),
}


def kind_of(column: str) -> str:
    return "cat" if column in CATEGORICAL else "num"


def tested(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, dict[str, object]]:
    found = {}
    for column in now:
        test = get_stattest(before[column], now[column], kind_of(column), None)
        result = test(before[column], now[column], kind_of(column), None)
        found[column] = {"score": float(result.drift_score), "drifted": bool(result.drifted), "test": test.display_name}
    return found


def check(now: pd.DataFrame, before: pd.DataFrame, found: dict[str, dict[str, object]]) -> None:
    """Raises SystemExit where the whole preset says something else."""
    kinds = {kind: [each for each in now if kind_of(each) == kind] for kind in ("num", "cat")}
    definition = DataDefinition(numerical_columns=kinds["num"], categorical_columns=kinds["cat"])
    sides = (Dataset.from_pandas(each.reset_index(drop=True), data_definition=definition) for each in (now, before))
    for metric in Report([DataDriftPreset()]).run(*sides).dict()["metrics"]:
        column = metric["config"].get("column")
        if column is not None and not np.isclose(metric["value"], found[column]["score"], rtol=1e-6, atol=1e-9):
            raise SystemExit(f"{column}: the preset says {metric['value']}, its test {found[column]['score']}")


def main() -> None:
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1], allow_pickle=False)
    columns = [str(each) for each in data["columns"]]
    frame = pd.DataFrame({each: data[f"column {each}"] for each in columns})
    embeddings, cut, many = pd.DataFrame(data["embeddings"]), int(data["reference"]), int(data["embedded"])
    rows, drifted = [], {name: [] for name in EMBEDDINGS}
    for number, order in enumerate(data["orders"]):
        before, now = frame.iloc[order[:cut]], frame.iloc[order[cut:]]
        rows.append(tested(now, before))
        if number < WHOLE:
            check(now, before, rows[-1])
        for name, method in EMBEDDINGS.items() if number < many else ():
            _, fires, _ = method(embeddings.iloc[order[cut:]].copy(), embeddings.iloc[order[:cut]].copy())
            drifted[name].append(bool(fires))
    found = {
        "tests": {column: rows[0][column]["test"] for column in columns},
        "scores": {column: [each[column]["score"] for each in rows] for column in columns},
        "drifted": {column: [each[column]["drifted"] for each in rows] for column in columns},
        "embeddings": drifted,
    }
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
