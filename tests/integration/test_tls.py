"""A Kafka that speaks TLS and asks clients for a certificate: what `kafka.tls` of the chart comes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.errors import RetryableError
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker, Message, TopicSpec

pytestmark = pytest.mark.kafka

PROPERTIES = """
listeners=PLAINTEXT://127.0.0.1:{{port}},CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{{controller_port}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},CLIENTS://127.0.0.1:{clients},\
CONTROLLER://127.0.0.1:{{controller_port}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLIENTS:SSL,CONTROLLER:PLAINTEXT
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={keystore}
listener.name.clients.ssl.truststore.type=PEM
listener.name.clients.ssl.truststore.location={authority}
listener.name.clients.ssl.client.auth=required
"""


class Authority:
    """A certificate authority, and what it signs, as files of a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self._ca = folder, trustme.CA()
        self.file = folder / "ca.crt"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key for `name`, in PKCS 8, which is what Kafka reads."""
        made = self._ca.issue_cert(name)
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        private = load_pem_private_key(made.private_key_pem.bytes(), None)
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
        return certificate, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def address(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clients = choose_port()
    certificate, key = authority.issue("127.0.0.1")
    keystore = authority.folder / "keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
    properties = PROPERTIES.format(clients=clients, keystore=keystore, authority=authority.file)
    with LocalKafka(tmp_path_factory.mktemp("tls-kafka"), properties=properties):
        yield f"127.0.0.1:{clients}"


def settings(address: str, authority: Authority, **more: object) -> KafkaSettings:
    told = {"bootstrap_servers": address, "security_protocol": "SSL", "ssl_cafile": authority.file, **more}
    return KafkaSettings.model_validate({**told, "request_timeout_s": 5.0})


def test_predictions_and_offsets_go_through_tls_in_one_transaction(address: str, authority: Authority) -> None:
    certificate, key = authority.issue("serving")
    with KafkaBroker(settings(address, authority, ssl_certfile=certificate, ssl_keyfile=key)) as broker:
        broker.create_topics([TopicSpec("in", 1), TopicSpec("out", 1)])
        with broker.producer(client_id="test") as producer:
            producer.send([Message("in", b"document", b"1")], timeout_s=20)
        with broker.consumer(["in"], group="g") as consumer, broker.transactional_producer("t") as producer:
            batch = consumer.poll(timeout_s=20)
            while not batch:
                batch = consumer.poll(timeout_s=20)
            producer.commit([Message("out", b"prediction", b"1")], batch.progress, timeout_s=20)
        with broker.consumer(["out"], group=None) as reader:
            assert [record.value for record in reader.poll(timeout_s=20).records] == [b"prediction"]


def test_a_broker_of_another_authority_is_not_trusted(address: str, authority: Authority, tmp_path: Path) -> None:
    strangers = Authority(tmp_path / "strangers")
    certificate, key = authority.issue("client")
    with (
        KafkaBroker(settings(address, strangers, ssl_certfile=certificate, ssl_keyfile=key)) as broker,
        pytest.raises(RetryableError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        broker.ping(timeout_s=5)


def test_a_client_without_a_certificate_is_refused(address: str, authority: Authority) -> None:
    with KafkaBroker(settings(address, authority)) as broker, pytest.raises(RetryableError, match=address):
        broker.ping(timeout_s=5)
