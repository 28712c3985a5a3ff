"""The examination: each check in turn, told as soon as it is known; what cannot work any more is not tried."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from towpath.core.doctor import judgement
from towpath.core.doctor.findings import Finding, failed, not_tried, ok
from towpath.core.doctor.http import Ask, ask
from towpath.core.doctor.judgement import DOCUMENT, KAFKA, PREDICTION, TOPICS, TOTAL
from towpath.core.errors import MalformedMessageError, TowpathError
from towpath.core.ids import new_id
from towpath.core.stream import Broker, Codec, Consumer, Record, Registry
from towpath.v1 import Prediction

__all__ = ["Doctor"]

_PING_S, _POLL_S = 5.0, 0.5
_TEXT = "The doctor came by, and asked whether all was well."


@dataclass
class Doctor:
    """Needs no more than the rights of `client`. `services` are URLs by name; `servers` how Kafka is called."""

    broker: Broker
    registry: Registry
    servers: str
    services: Mapping[str, str]
    ingestion_url: str | None
    api_key: str | None = None
    wait_s: float = 60.0
    ask: Ask = ask
    new_document_id: Callable[[], str] = lambda: new_id("doctor")
    _bad: set[str] = field(default_factory=set)

    def examine(self) -> Iterator[Finding]:
        """One finding a check. Posts one document, whose source is "doctor"."""
        for finding in self._checks():
            if finding.state in ("failed", "not tried"):
                self._bad.add(finding.check)
            yield finding

    def _checks(self) -> Iterator[Finding]:
        yield self._kafka()
        yield not_tried(TOPICS, "Kafka does not answer") if KAFKA in self._bad else self._topics()
        for name, url in self.services.items():
            yield judgement.ready(name, url, self.ask(f"{url}/readyz"))
        yield from self._path()

    def _kafka(self) -> Finding:
        begin = time.perf_counter()
        try:
            self.broker.ping(timeout_s=_PING_S)
        except TowpathError as error:
            return judgement.broker_away(self.servers, error)
        seconds = time.perf_counter() - begin
        return ok(KAFKA, f"{self.servers} answers", seconds)

    def _topics(self) -> Finding:
        wanted = self.registry.specs()
        try:
            return judgement.topics_as_wanted(wanted, self.broker.describe([spec.name for spec in wanted]))
        except TowpathError as error:
            return judgement.topics_unseen(error)

    def _path(self) -> Iterator[Finding]:
        why = self._why_no_document()
        if why is not None:
            yield from (not_tried(each, why) for each in (DOCUMENT, PREDICTION, TOTAL))
            return
        with ExitStack() as open_:
            reader, why_not = self._reader(open_)
            document_id, begin = self.new_document_id(), time.perf_counter()
            yield self._post(document_id)
            if reader is None or DOCUMENT in self._bad:
                yield why_not or not_tried(PREDICTION, "the document was not acknowledged")
                yield not_tried(TOTAL, "there is no prediction")
                return
            yield from self._await(reader, document_id, begin)

    def _why_no_document(self) -> str | None:
        if self.ingestion_url is None:
            return "no URL of ingestion was given (TOWPATH_DOCTOR_INGESTION_URL)"
        return "ingestion is not ready" if "ingestion is ready" in self._bad else None

    def _reader(self, open_: ExitStack) -> tuple[Consumer | None, Finding | None]:
        """Opened before the document is posted: what comes after is all that there is to look through."""
        for check, why in ((KAFKA, "Kafka does not answer"), ("serving is ready", "serving is not ready")):
            if check in self._bad:
                return None, not_tried(PREDICTION, why)
        topic = self.registry.full_name("predictions")
        try:
            reader = self.broker.consumer([topic], group=None, start="latest", client_id="towpath-doctor")
        except TowpathError as error:
            return None, failed(PREDICTION, str(error), "predictions cannot be read: use the rights of client")
        open_.callback(reader.close)
        return reader, None

    def _post(self, document_id: str) -> Finding:
        body = json.dumps({"documentId": document_id, "text": _TEXT, "source": "doctor"}).encode()
        headers = {"Content-Type": "application/json"} | ({"X-API-Key": self.api_key} if self.api_key else {})
        url = f"{self.ingestion_url}/v1/documents"
        return judgement.acknowledged(url, self.ask(url, body=body, headers=headers))

    def _await(self, reader: Consumer, document_id: str, begin: float) -> Iterator[Finding]:
        posted = time.perf_counter()
        try:
            found = self._prediction(reader, document_id, posted + self.wait_s)
        except TowpathError as error:
            yield failed(PREDICTION, str(error), "Kafka went away, or does not let us read predictions")
            yield not_tried(TOTAL, "there is no prediction")
            return
        now = time.perf_counter()
        if found is None:
            yield judgement.no_prediction(self.wait_s)
            yield not_tried(TOTAL, "there is no prediction")
        else:
            yield judgement.predicted(found, now - posted)
            yield judgement.total(now - begin)

    def _prediction(self, reader: Consumer, document_id: str, until: float) -> Prediction | None:
        while (left := until - time.perf_counter()) > 0:
            for record in reader.poll(timeout_s=min(_POLL_S, left)).records:
                message = _decoded(record)
                if message is not None and message.document_id == document_id:
                    return message
        return None


def _decoded(record: Record) -> Prediction | None:
    try:
        return Codec().decode(record, Prediction).message
    except MalformedMessageError:
        return None  # somebody else's, or not for us to judge
