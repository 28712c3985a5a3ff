"""ACLs as kafka-python knows them, and its answers in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kafka import errors
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from towpath.core.errors import RejectedError
from towpath.core.stream.acls import Acl

__all__ = ["check_granted", "native"]


def native(acl: Acl) -> ACL:
    """Allowed from every host: where connections may come from is for network policies."""
    pattern = ACLResourcePatternType.PREFIXED if acl.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{acl.principal}",
        host="*",
        operation=ACLOperation[acl.operation.upper()],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[acl.resource.upper()], acl.name, pattern),
    )


def check_granted(answer: Mapping[str, Any]) -> None:
    """Raises RejectedError when an ACL was not created."""
    failed = {error.__name__: error for error in answer["failed"]}
    if not failed:
        return
    if errors.SecurityDisabledError in failed.values():
        raise RejectedError("this Kafka has no authorizer, so there are no ACLs to create: set authorizer.class.name")
    if errors.ClusterAuthorizationFailedError in failed.values():
        raise RejectedError("these credentials may not create ACLs: use those of a super user (super.users)")
    raise RejectedError(f"Kafka does not create {len(answer['failed'])} of the ACLs: {', '.join(failed)}")
