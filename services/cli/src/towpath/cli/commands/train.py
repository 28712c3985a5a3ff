"""towpath train"""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.core.errors import ConflictError, TowpathError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(train)


def train(
    reason: Annotated[str, typer.Option(help="why, for the run's record")] = "asked for on the command line",
    snapshot: Annotated[
        str | None, typer.Option(help="train on this one (an id, a pin, `latest`) and not on what is in Kafka now")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(metavar="ID", help="of `towpath model import`; what training is set to when absent")
    ] = None,
    wait: Annotated[bool, typer.Option(help="follow the run to its end")] = True,
) -> None:
    """Train on what is in Kafka, gate the model, release it if it passes.

    Exit code 0 when a model was released, 3 when the gate refused it, 1 when the run failed.

    Example: towpath train --reason "guide version 2"
    """
    import httpx

    with errors_told():
        here = installed()
        wanted = {"reason": reason, **({} if snapshot is None else {"snapshotId": _whole(snapshot)})}
        if encoder is not None:
            from towpath.cli.encoders import whole_encoder

            wanted["encoder"] = whole_encoder(encoder)
        with httpx.Client(base_url=here.url("training"), headers=here.headers(), timeout=30.0) as client:
            answer = client.post("/v1/runs", json=wanted)
            if answer.status_code == 409:
                raise ConflictError(answer.json()["detail"])
            if answer.status_code != 202:
                raise TowpathError(f"training answered {answer.status_code}: {answer.text[:500]}")
            run = answer.json()
            typer.echo(run["runId"])
            if wait:
                run = _follow(client, run["runId"])
        _tell(run, wait)


def _whole(named: str) -> str:
    from towpath.cli.snapshots import depot
    from towpath.pipelines.snapshots.whole import check_whole

    found = depot().find(named)
    check_whole(found)
    return found.id


def _follow(client: Any, run_id: str) -> Any:
    told: set[tuple[str, str]] = set()
    while True:
        run = client.get(f"/v1/runs/{run_id}").json()
        for step in run["steps"]:
            state = (step["step"], step["status"])
            if state not in told:
                told.add(state)
                seconds = f" in {step['seconds']:.1f} s" if step["seconds"] else ""
                console.print(f"  {step['step']}: {step['status']}{seconds} {plain(step['detail'])}", highlight=False)
        if run["status"] in ("succeeded", "failed"):
            return run
        time.sleep(0.5)


def _tell(run: Any, waited: bool) -> None:
    if not waited:
        return
    if run["status"] == "failed":
        raise TowpathError(f"the run failed: {run['error']}")
    typer.echo(plain(f"{run['outcome']}: {run['explanation']}"))
    if run["release"] is None:
        raise typer.Exit(3)
    # Whether it reigns or is tried first is the objective's to say.
    became = next((each["detail"] for each in run["steps"] if each["step"] == "release"), "")
    typer.echo(plain(f"released {run['release']['releaseId']}: {became}"))
