import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from towpath.v1 import label_pb2 as _label_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Timings(_message.Message):
    __slots__ = ("queued_seconds", "inference_seconds", "batch_documents")
    QUEUED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BATCH_DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    queued_seconds: float
    inference_seconds: float
    batch_documents: int
    def __init__(self, queued_seconds: _Optional[float] = ..., inference_seconds: _Optional[float] = ..., batch_documents: _Optional[int] = ...) -> None: ...

class InputStats(_message.Message):
    __slots__ = ("sketch", "tokens", "unknown_tokens", "sketch_basis")
    SKETCH_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SKETCH_BASIS_FIELD_NUMBER: _ClassVar[int]
    sketch: bytes
    tokens: int
    unknown_tokens: int
    sketch_basis: int
    def __init__(self, sketch: _Optional[bytes] = ..., tokens: _Optional[int] = ..., unknown_tokens: _Optional[int] = ..., sketch_basis: _Optional[int] = ...) -> None: ...

class Shadow(_message.Message):
    __slots__ = ("release_id", "inference_seconds", "class_decision", "entities", "answer", "hits")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CLASS_DECISION_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    inference_seconds: float
    class_decision: _label_pb2.ClassDecision
    entities: _label_pb2.EntitySpans
    answer: _label_pb2.AnswerSpan
    hits: _label_pb2.SearchHits
    def __init__(self, release_id: _Optional[str] = ..., inference_seconds: _Optional[float] = ..., class_decision: _Optional[_Union[_label_pb2.ClassDecision, _Mapping]] = ..., entities: _Optional[_Union[_label_pb2.EntitySpans, _Mapping]] = ..., answer: _Optional[_Union[_label_pb2.AnswerSpan, _Mapping]] = ..., hits: _Optional[_Union[_label_pb2.SearchHits, _Mapping]] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("prediction_id", "document_id", "model_name", "release_id", "objective_hash", "created_at", "document_created_at", "timings", "trace_id", "truncated", "windows", "rollout_id", "shadow", "input", "class_decision", "entities", "answer", "hits")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_HASH_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_ID_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    CLASS_DECISION_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    document_id: str
    model_name: str
    release_id: str
    objective_hash: str
    created_at: _timestamp_pb2.Timestamp
    document_created_at: _timestamp_pb2.Timestamp
    timings: Timings
    trace_id: str
    truncated: bool
    windows: int
    rollout_id: str
    shadow: Shadow
    input: InputStats
    class_decision: _label_pb2.ClassDecision
    entities: _label_pb2.EntitySpans
    answer: _label_pb2.AnswerSpan
    hits: _label_pb2.SearchHits
    def __init__(self, prediction_id: _Optional[str] = ..., document_id: _Optional[str] = ..., model_name: _Optional[str] = ..., release_id: _Optional[str] = ..., objective_hash: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., document_created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., trace_id: _Optional[str] = ..., truncated: _Optional[bool] = ..., windows: _Optional[int] = ..., rollout_id: _Optional[str] = ..., shadow: _Optional[_Union[Shadow, _Mapping]] = ..., input: _Optional[_Union[InputStats, _Mapping]] = ..., class_decision: _Optional[_Union[_label_pb2.ClassDecision, _Mapping]] = ..., entities: _Optional[_Union[_label_pb2.EntitySpans, _Mapping]] = ..., answer: _Optional[_Union[_label_pb2.AnswerSpan, _Mapping]] = ..., hits: _Optional[_Union[_label_pb2.SearchHits, _Mapping]] = ...) -> None: ...
