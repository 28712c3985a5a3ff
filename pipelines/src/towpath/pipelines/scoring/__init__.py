"""Predictions over history: one scoring function for a file, a scheduled batch, Kubeflow, and many machines."""

from towpath.pipelines.scoring.documents import Refusal, Row, documents_of, open_documents
from towpath.pipelines.scoring.engines import Engine, Here, Processes
from towpath.pipelines.scoring.manifest import Manifest
from towpath.pipelines.scoring.over import Told, predict_over
from towpath.pipelines.scoring.places import BundleRef, Place
from towpath.pipelines.scoring.score import predictions_schema, score
from towpath.pipelines.scoring.staging import Limit, stage

__all__ = [
    "BundleRef",
    "Engine",
    "Here",
    "Limit",
    "Manifest",
    "Place",
    "Processes",
    "Refusal",
    "Row",
    "Told",
    "documents_of",
    "open_documents",
    "predict_over",
    "predictions_schema",
    "score",
    "stage",
]
