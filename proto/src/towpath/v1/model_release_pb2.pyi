import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_KIND_UNSPECIFIED: _ClassVar[TaskKind]
    TASK_KIND_TEXT_CLASSIFICATION: _ClassVar[TaskKind]
    TASK_KIND_ENTITY_EXTRACTION: _ClassVar[TaskKind]
    TASK_KIND_QUESTION_ANSWERING: _ClassVar[TaskKind]
    TASK_KIND_SEMANTIC_SEARCH: _ClassVar[TaskKind]

class GateOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_OUTCOME_UNSPECIFIED: _ClassVar[GateOutcome]
    GATE_OUTCOME_PASS: _ClassVar[GateOutcome]
    GATE_OUTCOME_FAIL: _ClassVar[GateOutcome]
    GATE_OUTCOME_NO_BASELINE: _ClassVar[GateOutcome]
    GATE_OUTCOME_NOT_ENOUGH_DATA: _ClassVar[GateOutcome]
TASK_KIND_UNSPECIFIED: TaskKind
TASK_KIND_TEXT_CLASSIFICATION: TaskKind
TASK_KIND_ENTITY_EXTRACTION: TaskKind
TASK_KIND_QUESTION_ANSWERING: TaskKind
TASK_KIND_SEMANTIC_SEARCH: TaskKind
GATE_OUTCOME_UNSPECIFIED: GateOutcome
GATE_OUTCOME_PASS: GateOutcome
GATE_OUTCOME_FAIL: GateOutcome
GATE_OUTCOME_NO_BASELINE: GateOutcome
GATE_OUTCOME_NOT_ENOUGH_DATA: GateOutcome

class Reference(_message.Message):
    __slots__ = ("documents", "sketches", "tokens", "unknown_tokens", "classes", "probabilities", "truths", "sketch_basis")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    SKETCHES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    TRUTHS_FIELD_NUMBER: _ClassVar[int]
    SKETCH_BASIS_FIELD_NUMBER: _ClassVar[int]
    documents: int
    sketches: bytes
    tokens: _containers.RepeatedScalarFieldContainer[int]
    unknown_tokens: _containers.RepeatedScalarFieldContainer[int]
    classes: _containers.RepeatedScalarFieldContainer[str]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    truths: _containers.RepeatedScalarFieldContainer[int]
    sketch_basis: int
    def __init__(self, documents: _Optional[int] = ..., sketches: _Optional[bytes] = ..., tokens: _Optional[_Iterable[int]] = ..., unknown_tokens: _Optional[_Iterable[int]] = ..., classes: _Optional[_Iterable[str]] = ..., probabilities: _Optional[_Iterable[float]] = ..., truths: _Optional[_Iterable[int]] = ..., sketch_basis: _Optional[int] = ...) -> None: ...

class ModelRelease(_message.Message):
    __slots__ = ("release_id", "model_name", "task", "bundle_uri", "bundle_sha256", "run_id", "snapshot_id", "objective_hash", "code_revision", "created_at", "gate_outcome", "gate_explanation", "metrics", "previous_release_id", "previous", "reference")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_URI_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    GATE_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    GATE_EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    model_name: str
    task: TaskKind
    bundle_uri: str
    bundle_sha256: str
    run_id: str
    snapshot_id: str
    objective_hash: str
    code_revision: str
    created_at: _timestamp_pb2.Timestamp
    gate_outcome: GateOutcome
    gate_explanation: str
    metrics: _containers.ScalarMap[str, float]
    previous_release_id: str
    previous: ModelRelease
    reference: Reference
    def __init__(self, release_id: _Optional[str] = ..., model_name: _Optional[str] = ..., task: _Optional[_Union[TaskKind, str]] = ..., bundle_uri: _Optional[str] = ..., bundle_sha256: _Optional[str] = ..., run_id: _Optional[str] = ..., snapshot_id: _Optional[str] = ..., objective_hash: _Optional[str] = ..., code_revision: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., gate_outcome: _Optional[_Union[GateOutcome, str]] = ..., gate_explanation: _Optional[str] = ..., metrics: _Optional[_Mapping[str, float]] = ..., previous_release_id: _Optional[str] = ..., previous: _Optional[_Union[ModelRelease, _Mapping]] = ..., reference: _Optional[_Union[Reference, _Mapping]] = ...) -> None: ...
