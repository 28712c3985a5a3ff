from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_CLASS: _ClassVar[Decision]
    DECISION_ASK_PERSON: _ClassVar[Decision]
DECISION_UNSPECIFIED: Decision
DECISION_CLASS: Decision
DECISION_ASK_PERSON: Decision

class ClassLabel(_message.Message):
    __slots__ = ("label", "score")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    label: str
    score: float
    def __init__(self, label: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class EntitySpan(_message.Message):
    __slots__ = ("start", "end", "label", "probability")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    label: str
    probability: float
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ..., label: _Optional[str] = ..., probability: _Optional[float] = ...) -> None: ...

class EntitySpans(_message.Message):
    __slots__ = ("spans",)
    SPANS_FIELD_NUMBER: _ClassVar[int]
    spans: _containers.RepeatedCompositeFieldContainer[EntitySpan]
    def __init__(self, spans: _Optional[_Iterable[_Union[EntitySpan, _Mapping]]] = ...) -> None: ...

class AnswerSpan(_message.Message):
    __slots__ = ("question", "start", "end", "unanswerable", "probability")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    UNANSWERABLE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    question: str
    start: int
    end: int
    unanswerable: bool
    probability: float
    def __init__(self, question: _Optional[str] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., unanswerable: _Optional[bool] = ..., probability: _Optional[float] = ...) -> None: ...

class SearchHit(_message.Message):
    __slots__ = ("document_id", "score")
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    score: float
    def __init__(self, document_id: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class SearchHits(_message.Message):
    __slots__ = ("query", "hits")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    query: str
    hits: _containers.RepeatedCompositeFieldContainer[SearchHit]
    def __init__(self, query: _Optional[str] = ..., hits: _Optional[_Iterable[_Union[SearchHit, _Mapping]]] = ...) -> None: ...

class ClassProbability(_message.Message):
    __slots__ = ("label", "probability")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    label: str
    probability: float
    def __init__(self, label: _Optional[str] = ..., probability: _Optional[float] = ...) -> None: ...

class ClassDecision(_message.Message):
    __slots__ = ("probabilities", "decision", "label", "expected_cost")
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COST_FIELD_NUMBER: _ClassVar[int]
    probabilities: _containers.RepeatedCompositeFieldContainer[ClassProbability]
    decision: Decision
    label: str
    expected_cost: float
    def __init__(self, probabilities: _Optional[_Iterable[_Union[ClassProbability, _Mapping]]] = ..., decision: _Optional[_Union[Decision, str]] = ..., label: _Optional[str] = ..., expected_cost: _Optional[float] = ...) -> None: ...
