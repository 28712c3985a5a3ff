"""Towpath's model bundle and predictor. Embeds without Kafka, a web framework or torch.

from towpath.model import Model
Model.load("bundle").predict(["Great service!"])
"""

from towpath.model.bundle import BundleError, listed_files, manifest_sha256, release_id_of, verify
from towpath.model.decision import InputStats, Prediction
from towpath.model.manifest import Manifest
from towpath.model.predictor import Model, Scores

__all__ = [
    "BundleError",
    "InputStats",
    "Manifest",
    "Model",
    "Prediction",
    "Scores",
    "listed_files",
    "manifest_sha256",
    "release_id_of",
    "verify",
]
