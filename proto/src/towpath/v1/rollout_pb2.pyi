import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from towpath.v1 import model_release_pb2 as _model_release_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RolloutMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLLOUT_MODE_UNSPECIFIED: _ClassVar[RolloutMode]
    ROLLOUT_MODE_SHADOW: _ClassVar[RolloutMode]
    ROLLOUT_MODE_CANARY: _ClassVar[RolloutMode]
    ROLLOUT_MODE_ENDED: _ClassVar[RolloutMode]

class RolloutOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLLOUT_OUTCOME_UNSPECIFIED: _ClassVar[RolloutOutcome]
    ROLLOUT_OUTCOME_PROMOTED: _ClassVar[RolloutOutcome]
    ROLLOUT_OUTCOME_ROLLED_BACK: _ClassVar[RolloutOutcome]
ROLLOUT_MODE_UNSPECIFIED: RolloutMode
ROLLOUT_MODE_SHADOW: RolloutMode
ROLLOUT_MODE_CANARY: RolloutMode
ROLLOUT_MODE_ENDED: RolloutMode
ROLLOUT_OUTCOME_UNSPECIFIED: RolloutOutcome
ROLLOUT_OUTCOME_PROMOTED: RolloutOutcome
ROLLOUT_OUTCOME_ROLLED_BACK: RolloutOutcome

class Rollout(_message.Message):
    __slots__ = ("rollout_id", "model_name", "challenger", "champion_release_id", "mode", "share", "created_at", "updated_at", "actor", "reason", "outcome", "evidence")
    class EvidenceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    ROLLOUT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_FIELD_NUMBER: _ClassVar[int]
    CHAMPION_RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    rollout_id: str
    model_name: str
    challenger: _model_release_pb2.ModelRelease
    champion_release_id: str
    mode: RolloutMode
    share: float
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    actor: str
    reason: str
    outcome: RolloutOutcome
    evidence: _containers.ScalarMap[str, float]
    def __init__(self, rollout_id: _Optional[str] = ..., model_name: _Optional[str] = ..., challenger: _Optional[_Union[_model_release_pb2.ModelRelease, _Mapping]] = ..., champion_release_id: _Optional[str] = ..., mode: _Optional[_Union[RolloutMode, str]] = ..., share: _Optional[float] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., outcome: _Optional[_Union[RolloutOutcome, str]] = ..., evidence: _Optional[_Mapping[str, float]] = ...) -> None: ...
