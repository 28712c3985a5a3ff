"""`python -m towpath.core.doctor`: is this installation well? Runs from any image; `helm test` does.

    python -m towpath.core.doctor --ingestion http://towpath-ingestion:8080 \\
        --services ingestion=http://towpath-ingestion:9090,serving=http://towpath-serving:9090

Kafka is the one that the environment names (TOWPATH_KAFKA_…). One line a check; a document is posted and its
prediction awaited. Exit code: 0 when nothing failed, 1 otherwise, 2 for settings that make no sense.
"""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any

from pydantic import ValidationError

from towpath.core.doctor import Doctor, DoctorSettings, Finding, is_well
from towpath.core.service import configure_logging
from towpath.core.stream import Registry, connect

__all__ = ["line", "main"]

_FLAGS = {
    "--ingestion": ("doctor_ingestion_url", "TOWPATH_DOCTOR_INGESTION_URL", "URL to post a document to"),
    "--services": ("doctor_services", "TOWPATH_DOCTOR_SERVICES", "name=url,… to ask for /readyz"),
    "--wait": ("doctor_wait_s", "TOWPATH_DOCTOR_WAIT_S", "seconds to wait for the prediction"),
}


def main(arguments: list[str] | None = None) -> int:
    try:
        settings = DoctorSettings(**_given(arguments))
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            variable = "_".join(["TOWPATH", *map(str, each["loc"])]).upper()
            sys.stderr.write(f"error: {variable}: {each['msg']}\n")
        return 2
    configure_logging("doctor", "ERROR")
    # Kafka's client tells at length what the findings say in a line.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    findings = []
    with connect(settings.kafka) as broker:
        key = settings.doctor_api_key
        doctor = Doctor(
            broker,
            Registry.load(settings.topic_prefix),
            settings.kafka.bootstrap_servers,
            settings.services,
            settings.doctor_ingestion_url and settings.doctor_ingestion_url.rstrip("/"),
            key.get_secret_value() if key else None,
            settings.doctor_wait_s,
        )
        for finding in doctor.examine():
            findings.append(finding)
            sys.stdout.write(line(finding) + "\n")
            sys.stdout.flush()
    return 0 if is_well(findings) else 1


def line(finding: Finding) -> str:
    """For people and logs: without control characters, which an answer from outside may bring."""
    advice = f" -> {finding.advice}" if finding.advice else ""
    text = f"{finding.state:<9}  {finding.check}: {finding.said}{advice}"
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _given(arguments: list[str] | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.core.doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag, (name, variable, about) in _FLAGS.items():
        parser.add_argument(flag, dest=name, help=f"{about} ({variable})")
    return {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}


if __name__ == "__main__":
    sys.exit(main())
