"""From what was seen to what it means and what to do. No I/O, so that each diagnosis is tested by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from towpath.core.doctor.findings import Finding, failed, ok, warning
from towpath.core.doctor.http import Answer
from towpath.core.errors import ForbiddenError, TowpathError
from towpath.core.stream import TopicSpec, differences
from towpath.v1 import Prediction

__all__ = ["DOCUMENT", "KAFKA", "PREDICTION", "TOPICS", "TOTAL", "acknowledged", "broker_away", "no_prediction",
           "predicted", "ready", "topics_as_wanted", "topics_unseen", "total"]  # fmt: skip

KAFKA, TOPICS, DOCUMENT, PREDICTION, TOTAL = "kafka", "topics", "document", "prediction", "total"
_SLOW_S = 5.0
_POLICY = 'on a cluster, network policies let in only pods with the label towpath.io/client: "true"'
_NO_BROKER: tuple[tuple[str, str], ...] = (
    ("ECONNREFUSED", "nothing listens there: is Kafka up? `towpath up` starts one, `kubectl get pods` shows one"),
    ("DNS", "no such host: check TOWPATH_KAFKA_BOOTSTRAP_SERVERS"),
    ("CERTIFICATE_VERIFY", "its certificate is not trusted: set TOWPATH_KAFKA_SSL_CAFILE to its authority"),
    ("Handshake failed", "no TLS there, or another: check TOWPATH_KAFKA_SECURITY_PROTOCOL"),
    ("SaslMechanism", "another mechanism is wanted: check TOWPATH_KAFKA_SASL_MECHANISM"),
    ("SaslState", "nobody is asked for a password there: check TOWPATH_KAFKA_SECURITY_PROTOCOL"),
    ("Unable to bootstrap", "it hangs up on us: it may want a password; check TOWPATH_KAFKA_SECURITY_PROTOCOL"),
    ("Invalid frame", "what listens there is not Kafka: check TOWPATH_KAFKA_BOOTSTRAP_SERVERS"),
    ("", f"no answer in time: check the address; {_POLICY}"),
)
_NO_SERVER: tuple[tuple[str, str], ...] = (
    ("refused", "nothing listens there: is {service} up? `towpath status` tells here, on a cluster "
                "`kubectl get pods -l app.kubernetes.io/component={service}`"),
    ("not known", "no such host: check the URL, and that {service} is installed"),
    ("name resolution", "the name does not resolve now: check DNS, and that {service} is installed"),
    ("certificate", "its certificate is not trusted from here: check the URL's host and the authority"),
    ("", "no answer in time: is {service} overloaded or stopped? And " + _POLICY),
)  # fmt: skip
_NOT_READY: tuple[tuple[str, str], ...] = (
    ("no release", "there is no model to serve yet: train one (`towpath train`, or POST /v1/runs to training)"),
    ("was refused", "the release cannot be loaded here: see the log of {service}, and that it sees the store"),
    ("no topic", "create the topics: `towpath topics --create`, or python -m towpath.core.topics"),
    ("forbids", "its user lacks rights: python -m towpath.core.topics --acls with a super user's credentials"),
    ("does not know", "its Kafka user or password is wrong: see TOWPATH_KAFKA_SASL_USERNAME of {service}"),
    ("kafka", "{service} does not reach Kafka: see the log of {service}, and its TOWPATH_KAFKA_BOOTSTRAP_SERVERS"),
    ("still being read", "it has started a moment ago: ask again in a minute"),
    ("", "see the log of {service}"),
)
_NOT_TAKEN: Mapping[int, str] = {
    401: "no accepted API key was sent: set TOWPATH_DOCTOR_API_KEY to one of ingestion's TOWPATH_AUTH_API_KEYS",
    403: "something in between forbids it: check the gateway's rules",
    404: "there is no ingestion there: check TOWPATH_DOCTOR_INGESTION_URL",
    405: "there is no ingestion there: check TOWPATH_DOCTOR_INGESTION_URL",
    502: "a gateway answers, ingestion does not: is it up?",
    503: "ingestion takes nothing now, most likely because Kafka does not acknowledge: see its readiness and log",
}


def broker_away(servers: str, error: TowpathError) -> Finding:
    """Kafka did not answer, or not us."""
    if isinstance(error, ForbiddenError):
        return failed(KAFKA, str(error), "check TOWPATH_KAFKA_SASL_USERNAME, _SASL_PASSWORD and _SASL_MECHANISM")
    return failed(KAFKA, f"no Kafka at {servers}: {error}", _first(_NO_BROKER, str(error)))


def topics_as_wanted(wanted: Sequence[TopicSpec], found: Mapping[str, TopicSpec]) -> Finding:
    """Missing topics are a failure, topics that somebody has changed a warning."""
    missing = [spec.name for spec in wanted if spec.name not in found]
    if missing:
        return failed(TOPICS, f"not there: {', '.join(missing)}", _NOT_READY[2][1])
    other = [each for spec in wanted for each in differences(spec, found[spec.name])]
    if other:
        advice = "if nobody meant it, change it with kafka-configs.sh or your operator: what is there is left as it is"
        return warning(TOPICS, "; ".join(other), advice)
    return ok(TOPICS, f"all {len(wanted)} as the registry says")


def topics_unseen(error: TowpathError) -> Finding:
    """Kafka does not show them, or went away."""
    if isinstance(error, ForbiddenError):
        return warning(TOPICS, str(error), "these credentials may not see the topics' configuration: use client's")
    return failed(TOPICS, str(error), "Kafka went away while it was asked: ask again")


def ready(service: str, url: str, answer: Answer) -> Finding:
    """What a service says of itself."""
    check = f"{service} is ready"
    if answer.status is None:
        return failed(check, f"no answer from {url}: {answer.text}", _first(_NO_SERVER, answer.text, service))
    if answer.status == 200:
        return ok(check, "ready", answer.seconds)
    if answer.status == 404:
        return failed(check, f"{url} has no /readyz", "this is another port: give that of probes and metrics (ops)")
    detail = answer.data.get("detail")
    if not isinstance(detail, str):
        said = f"{url} answers {answer.status}: {answer.text[:200]}"
        return failed(check, said, f"this is not {service} that answers: is there a running pod behind the address?")
    return failed(check, f"not ready: {detail}", _first(_NOT_READY, detail, service))


def acknowledged(url: str, answer: Answer) -> Finding:
    """What ingestion said to the document."""
    if answer.status is None:
        advice = _first(_NO_SERVER, answer.text, "ingestion")
        return failed(DOCUMENT, f"no answer from {url}: {answer.text}", advice)
    if answer.status == 202:
        return ok(DOCUMENT, f"acknowledged after {_ms(answer.seconds)}", answer.seconds)
    detail = answer.data.get("detail", answer.text[:200])
    advice = _NOT_TAKEN.get(answer.status, "ingestion refuses what this doctor sends: are both of the same version?")
    return failed(DOCUMENT, f"{url} answers {answer.status}: {detail}", advice)


def predicted(message: Prediction, seconds: float) -> Finding:
    """`seconds` since the acknowledgement."""
    label = message.class_decision.label or "ask a person"
    return ok(PREDICTION, f"{label} by {message.release_id}, {_ms(seconds)} after the acknowledgement", seconds)


def total(seconds: float) -> Finding:
    """From the document to its prediction."""
    said = f"{_ms(seconds)} from posting to reading the prediction"
    if seconds <= _SLOW_S:
        return ok(TOTAL, said, seconds)
    return warning(TOTAL, said, "workers are behind: see towpath_serving_lag_documents, and run more of them", seconds)


def no_prediction(wait_s: float) -> Finding:
    """The document is in, and nothing came out."""
    return failed(
        PREDICTION,
        f"no prediction within {wait_s:g} s",
        "workers do not work or are far behind: is serving up, and what do its /readyz, its log and "
        "towpath_serving_lag_documents say? A document that was given up on is in dead-letters",
    )


def _first(table: Sequence[tuple[str, str]], text: str, service: str = "") -> str:
    return next(advice for word, advice in table if word in text).replace("{service}", service)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
