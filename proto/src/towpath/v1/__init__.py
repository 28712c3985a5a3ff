"""Towpath's messages, version 1. Generated from `proto/towpath/v1` by `make proto`; this file is written by hand."""

from towpath.v1.alert_pb2 import Alert, AlertSeverity, AlertState
from towpath.v1.annotation_pb2 import Annotation
from towpath.v1.dead_letter_pb2 import DeadLetter, Header
from towpath.v1.document_pb2 import Document
from towpath.v1.feedback_pb2 import Feedback
from towpath.v1.label_pb2 import (
    AnswerSpan,
    ClassDecision,
    ClassLabel,
    ClassProbability,
    Decision,
    EntitySpan,
    EntitySpans,
    SearchHit,
    SearchHits,
)
from towpath.v1.model_release_pb2 import GateOutcome, ModelRelease, Reference, TaskKind
from towpath.v1.prediction_pb2 import InputStats, Prediction, Shadow, Timings
from towpath.v1.rollout_pb2 import Rollout, RolloutMode, RolloutOutcome

__all__ = [
    "Alert",
    "AlertSeverity",
    "AlertState",
    "Annotation",
    "AnswerSpan",
    "ClassDecision",
    "ClassLabel",
    "ClassProbability",
    "DeadLetter",
    "Decision",
    "Document",
    "EntitySpan",
    "EntitySpans",
    "Feedback",
    "GateOutcome",
    "Header",
    "InputStats",
    "ModelRelease",
    "Prediction",
    "Reference",
    "Rollout",
    "RolloutMode",
    "RolloutOutcome",
    "SearchHit",
    "SearchHits",
    "Shadow",
    "TaskKind",
    "Timings",
]
