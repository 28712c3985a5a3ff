"""Why Kafka does not answer: each of kafka-python's reasons leads to the setting to look at."""

from __future__ import annotations

import pytest

from towpath.core.doctor.judgement import broker_away, topics_unseen, total
from towpath.core.errors import ForbiddenError, RetryableError


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("KafkaConnectionError('111 ECONNREFUSED')", "is Kafka up"),
        ("KafkaConnectionError('DNS Resolution failure')", "no such host"),
        ("KafkaConnectionError('Handshake failed: [SSL: CERTIFICATE_VERIFY_FAILED]')", "TOWPATH_KAFKA_SSL_CAFILE"),
        ("KafkaConnectionError('Handshake failed: [SSL: UNEXPECTED_EOF_WHILE_READING]')", "SECURITY_PROTOCOL"),
        ("UnsupportedSaslMechanismError()", "TOWPATH_KAFKA_SASL_MECHANISM"),
        ("IllegalSaslStateError()", "nobody is asked for a password"),
        ("KafkaTimeoutError('Unable to bootstrap from …')", "it may want a password"),
        ("InvalidReceiveError('Invalid frame length: 1213486160')", "not Kafka"),
        ("RequestTimedOutError('Request timed out after 3999 ms')", "towpath.io/client"),
    ],
)
def test_why_kafka_does_not_answer(reason: str, advice: str) -> None:
    found = broker_away("kafka:9092", RetryableError(f"Kafka is not available while connecting: {reason}"))
    assert found.state == "failed"
    assert "kafka:9092" in found.said
    assert advice in found.advice


def test_a_refusal_is_told_from_an_absence() -> None:
    error = ForbiddenError("Kafka does not know User:client by this password")
    assert "TOWPATH_KAFKA_SASL_USERNAME" in broker_away("kafka:9092", error).advice
    assert topics_unseen(error).state == "warning"
    assert topics_unseen(RetryableError("away")).state == "failed"


def test_a_path_that_works_but_slowly_is_a_warning() -> None:
    assert total(0.2).state == "ok"
    assert total(12.0).state == "warning"
    assert "12.0 s" in total(12.0).said
