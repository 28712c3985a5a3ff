import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from towpath.v1 import label_pb2 as _label_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Feedback(_message.Message):
    __slots__ = ("feedback_id", "document_id", "prediction_id", "source", "created_at", "class_label", "entities", "answer", "hits")
    FEEDBACK_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CLASS_LABEL_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    feedback_id: str
    document_id: str
    prediction_id: str
    source: str
    created_at: _timestamp_pb2.Timestamp
    class_label: _label_pb2.ClassLabel
    entities: _label_pb2.EntitySpans
    answer: _label_pb2.AnswerSpan
    hits: _label_pb2.SearchHits
    def __init__(self, feedback_id: _Optional[str] = ..., document_id: _Optional[str] = ..., prediction_id: _Optional[str] = ..., source: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., class_label: _Optional[_Union[_label_pb2.ClassLabel, _Mapping]] = ..., entities: _Optional[_Union[_label_pb2.EntitySpans, _Mapping]] = ..., answer: _Optional[_Union[_label_pb2.AnswerSpan, _Mapping]] = ..., hits: _Optional[_Union[_label_pb2.SearchHits, _Mapping]] = ...) -> None: ...
