"""2,000 tweets posted to ingestion's Service; each prediction read from the topic with two clients, neither ours."""

from __future__ import annotations

import json

from e2e.conftest import Installation, Tweets
from e2e.support.client import Client
from towpath.cli.demo.http import document

_CONSOLE = """
set -e
cat > /tmp/client.properties <<EOF
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="$KAFKA_USER" password="$KAFKA_PASSWORD";
EOF
exec kafka-console-consumer.sh --bootstrap-server "$KAFKA_SERVERS" --command-config /tmp/client.properties \
  --topic towpath.predictions --isolation-level read_committed --group towpath.client.console \
  --from-beginning --timeout-ms 15000 2>&1
"""


def test_every_document_is_predicted_once(installation: Installation, tweets: Tweets, console: Client) -> None:
    chosen = tweets.first
    ids = {each.document_id for each in chosen}
    assert len(ids) == len(chosen) == 2000

    answer = installation.client.posted("documents", map(document, chosen), installation.ingestion, installation.key)
    assert (answer["accepted"], answer["rejected"]) == (2000, 0)
    found = installation.client.settled(ids, limit_s=180)
    assert sorted(each["documentId"] for each in found) == sorted(ids)
    assert {each["key"] for each in found} == ids

    lines = console.exec("sh", "-c", _CONSOLE).strip().splitlines()
    # It ends by running into its time limit, and says so among what it read.
    assert any("TimeoutException" in line for line in lines)
    said = [json.loads(line) for line in lines if line.startswith("{")]
    assert sorted(each["documentId"] for each in said) == sorted(ids)
    assert {each["predictionId"] for each in said} == {each["predictionId"] for each in found}


def test_before_anything_was_learned_a_person_is_asked(installation: Installation) -> None:
    found = installation.client.predictions()
    assert {each["classDecision"]["decision"] for each in found} == {"DECISION_ASK_PERSON"}
