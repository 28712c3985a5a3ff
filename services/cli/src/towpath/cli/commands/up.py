"""`towpath up`, `down`, `status`: Kafka and the services on this machine, in the background."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from towpath.cli.context import errors_told, plain

if TYPE_CHECKING:
    from towpath.cli.local.state import Up

__all__ = ["register"]

Home = Annotated[Path, typer.Option(help="Folder of the installation.", envvar="TOWPATH_HOME")]
_HOME = Path(".towpath")

_UP = """Start Kafka and the services on this machine, and leave them running.

Ports are the usual ones where they are free. With TOWPATH_KAFKA_BOOTSTRAP_SERVERS set, that broker is used.
Data, bundles, runs and logs are in the installation's folder, and are there again at the next `towpath up`.

Examples:

  towpath up

  towpath up --home /srv/towpath --kafka-port 9092 --auto-train
"""
_DOWN = """Stop what `towpath up` started. Data are kept.

Example:

  towpath down --home /srv/towpath
"""
_STATUS = """Show processes, their health, and topics. Code 1 when something that was started is not ready.

Example:

  towpath status
"""


def up(
    home: Home = _HOME,
    objective: Annotated[Path, typer.Option(help="The objective file.", envvar="TOWPATH_OBJECTIVE")] = Path(
        "objective.yaml"
    ),
    prefix: Annotated[str, typer.Option(help="Leads the names of topics.", envvar="TOWPATH_TOPIC_PREFIX")] = "towpath.",
    servers: Annotated[
        str | None,
        typer.Option("--kafka", help="Use this Kafka (host:port).", envvar="TOWPATH_KAFKA_BOOTSTRAP_SERVERS"),
    ] = None,
    kafka_port: Annotated[int | None, typer.Option(help="Port of the Kafka that is started.")] = None,
    auto_train: Annotated[
        bool, typer.Option("--auto-train", help="Train when the objective's policy says so.")
    ] = False,
    endpoint: Annotated[bool, typer.Option("--endpoint", help="Start the Open Inference endpoint too.")] = False,
) -> None:
    from towpath.cli.local.background import start
    from towpath.cli.local.services import ENDPOINT, SERVICES
    from towpath.core.objective import load_objective

    console = _console()
    with errors_told():
        load_objective(objective)
        specs = [*SERVICES, ENDPOINT] if endpoint else list(SERVICES)
        more = {"TOWPATH_TRAINING_AUTO": str(auto_train).lower()}
        home = home.resolve()
        started = start(
            home, objective, prefix, servers, kafka_port, specs, more, lambda line: console.print(Text(plain(line)))
        )
    console.print(_processes(started))
    console.print(Text(f"Kafka: {started.bootstrap_servers}   logs: {home / 'logs'}   stop: towpath down"))


def down(home: Home = _HOME) -> None:
    from towpath.cli.local.state import Up

    console = _console()
    with errors_told():
        found = Up.load(home.resolve())
        stopped = [] if found is None else found.stop(home.resolve())
    console.print(Text(f"stopped {', '.join(stopped)}" if stopped else f"nothing of {home} is running"))


def status(home: Home = _HOME) -> None:
    from towpath.cli.local.background import health, lag, topics
    from towpath.cli.local.state import Up

    console = _console()
    with errors_told():
        found = Up.load(home.resolve())
        if found is None:
            console.print(Text(f"nothing was started in {home}: towpath up"))
            raise typer.Exit(1)
        states = {each.name: health(each) for each in found.processes}
        behind = {each.name: lag(each) for each in found.processes}
        console.print(_processes(found, states, behind))
        if found.processes[0].name != "kafka" or found.processes[0].alive:
            table = Table("topic", "partitions", "offsets", box=None, padding=(0, 2, 0, 0))
            for row in topics(found):
                table.add_row(Text(row.name), str(row.partitions), f"{row.offsets:,}")
            console.print(Text(), table)
    raise typer.Exit(0 if all(state in ("ready", "running") for state in states.values()) else 1)


def _processes(
    found: Up, states: Mapping[str, str] | None = None, behind: Mapping[str, float | None] | None = None
) -> Table:
    table = Table("process", "pid", "address", "lag", "health", box=None, padding=(0, 2, 0, 0))
    for each in found.processes:
        state = (states or {}).get(each.name, "running" if each.alive else "ended")
        style = {"ready": "green", "running": "green"}.get(state, "red")
        lag = (behind or {}).get(each.name)
        address = each.url or found.bootstrap_servers
        shown = "" if lag is None else f"{lag:,.0f}"
        table.add_row(Text(each.name), str(each.pid), Text(address), shown, Text(plain(state), style))
    return table


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    return console


def register(app: typer.Typer) -> None:
    app.command("up", help=_UP)(up)
    app.command("down", help=_DOWN)(down)
    app.command("status", help=_STATUS)(status)
