"""towpath doctor"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from towpath.cli.context import Installed, errors_told, installed, plain

if TYPE_CHECKING:
    from towpath.core.doctor import Doctor, DoctorSettings, Finding

__all__ = ["register"]

_SERVICES = ("ingestion", "serving", "monitoring", "training")
_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "not tried": "dim"}

_HELP = """Is this installation well? Looks at it from outside, as its user does, and says what to do where it is not.

Asks Kafka, its topics and each service, posts one document (source "doctor") and waits for its prediction. Finds what
`towpath up` started here; another installation is named by TOWPATH_KAFKA_… and TOWPATH_DOCTOR_… or the options.
Code 1 when something failed.

Examples:

  towpath doctor

  towpath doctor --json --wait 10

  towpath doctor --ingestion http://127.0.0.1:8080 --services serving=http://127.0.0.1:9090
"""


def doctor(
    ingestion: Annotated[
        str | None, typer.Option(help="URL to post the document to.", envvar="TOWPATH_DOCTOR_INGESTION_URL")
    ] = None,
    services: Annotated[
        str | None,
        typer.Option(help="name=url,… of services to ask for /readyz.", envvar="TOWPATH_DOCTOR_SERVICES"),
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for the prediction.", envvar="TOWPATH_DOCTOR_WAIT_S")
    ] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check.")] = False,
) -> None:
    from towpath.core.doctor import DoctorSettings, is_well

    with errors_told():
        here = installed()
        told: dict[str, Any] = {"doctor_ingestion_url": ingestion, "doctor_services": services, "doctor_wait_s": wait}
        settings = DoctorSettings(**{name: value for name, value in told.items() if value is not None})
        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the findings say it in a line
        findings = _examine(_doctor(here, settings), as_json)
    raise typer.Exit(0 if is_well(findings) else 1)


def _doctor(here: Installed, settings: DoctorSettings) -> Doctor:
    from towpath.core.doctor import Doctor
    from towpath.core.stream import connect

    kafka = here.kafka
    key = os.environ.get("TOWPATH_API_KEY")
    if settings.doctor_api_key is not None:
        key = settings.doctor_api_key.get_secret_value()
    return Doctor(
        connect(kafka),
        here.registry,
        kafka.bootstrap_servers,
        settings.services or {name: here.url(name) for name in _SERVICES},
        (settings.doctor_ingestion_url or here.url("ingestion")).rstrip("/"),
        key,
        settings.doctor_wait_s,
    )


def _examine(doctor: Doctor, as_json: bool) -> list[Finding]:
    findings: list[Finding] = []
    with doctor.broker:
        for finding in doctor.examine():
            findings.append(finding)
            if as_json:
                sys.stdout.write(json.dumps(dataclasses.asdict(finding), ensure_ascii=False) + "\n")
                sys.stdout.flush()
            else:
                _show(finding)
    return findings


def _show(finding: Finding) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    text = Text.assemble(
        (f"{finding.state:<11}", _STYLES[finding.state]), (f"{finding.check:<20}", "bold"), plain(finding.said)
    )
    console.print(text)
    if finding.advice:
        console.print(Padding(Text(f"→ {plain(finding.advice)}"), (0, 0, 0, 11)))


def register(app: typer.Typer) -> None:
    app.command("doctor", help=_HELP)(doctor)
