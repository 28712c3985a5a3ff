import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from towpath.v1 import label_pb2 as _label_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Annotation(_message.Message):
    __slots__ = ("annotation_id", "document_id", "rater_id", "guide_version", "created_at", "updated_at", "deleted", "lead_seconds", "source", "class_label", "entities", "answer", "hits")
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RATER_ID_FIELD_NUMBER: _ClassVar[int]
    GUIDE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    LEAD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CLASS_LABEL_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    annotation_id: str
    document_id: str
    rater_id: str
    guide_version: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    deleted: bool
    lead_seconds: float
    source: str
    class_label: _label_pb2.ClassLabel
    entities: _label_pb2.EntitySpans
    answer: _label_pb2.AnswerSpan
    hits: _label_pb2.SearchHits
    def __init__(self, annotation_id: _Optional[str] = ..., document_id: _Optional[str] = ..., rater_id: _Optional[str] = ..., guide_version: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deleted: _Optional[bool] = ..., lead_seconds: _Optional[float] = ..., source: _Optional[str] = ..., class_label: _Optional[_Union[_label_pb2.ClassLabel, _Mapping]] = ..., entities: _Optional[_Union[_label_pb2.EntitySpans, _Mapping]] = ..., answer: _Optional[_Union[_label_pb2.AnswerSpan, _Mapping]] = ..., hits: _Optional[_Union[_label_pb2.SearchHits, _Mapping]] = ...) -> None: ...
