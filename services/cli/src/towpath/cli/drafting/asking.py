"""A draft from answers on the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import typer

from towpath.cli.drafting.draft import CANVAS, Draft, possible_costs
from towpath.core.objective import Kind
from towpath.core.objective.model import KINDS

__all__ = ["asked"]

_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
_MANY = 12  # prices that are asked for one by one


def asked(name: str) -> Draft:
    """Ask for everything; Enter takes what stands in brackets."""
    typer.echo("Enter takes what stands in brackets; everything can be changed in the file.\n")
    kind: Kind = typer.prompt(f"Kind of task ({', '.join(KINDS)})", default=KINDS[0], value_proc=_kind)
    draft = Draft(typer.prompt("Name of the objective", default=name, value_proc=_name), kind)
    if kind in ("text-classification", "entity-extraction"):
        what, least = ("Classes", 2) if kind == "text-classification" else ("Types of entities", 1)
        draft = replace(draft, names=typer.prompt(f"{what}, with commas", value_proc=_names(least)))
    draft = _priced(replace(draft, unit=typer.prompt("Costs are counted in", default="EUR")))
    typer.echo("\nThe canvas: a sentence each, Enter for later.")
    boxes = {key: typer.prompt(f"{about} ({key})", default="", show_default=False) for key, about in CANVAS.items()}
    return replace(draft, canvas={key: text.strip() for key, text in boxes.items() if text.strip()})


def _priced(draft: Draft) -> Draft:
    possible = possible_costs(draft.kind, draft.names)
    if len(possible) > _MANY:
        same = typer.prompt(
            f"Cost of an error, all {len(possible)} alike, in {draft.unit}", default=1.0, value_proc=_price
        )
        costs = dict.fromkeys(possible, same)
    else:
        costs = {key: typer.prompt(_error(draft, key), default=1.0, value_proc=_price) for key in possible}
    told = typer.prompt("Asking a person costs (Enter: nobody can be asked)", default="", value_proc=_price_or_none)
    return replace(draft, costs=costs, ask_person=told)


def _error(draft: Draft, key: str) -> str:
    if draft.kind == "text-classification":
        truth, decision = next((a, b) for a in draft.names for b in draft.names if f"{a}:{b}" == key)
        return f"A {truth} that is taken for {decision} costs"
    return f"{key} costs"


def _kind(text: str) -> Kind:
    for each in KINDS:
        if text.strip() == each:
            return each
    raise typer.BadParameter(f"one of {', '.join(KINDS)} is wanted")


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise typer.BadParameter("lower case letters, digits and hyphens are wanted, as in ticket-routing")
    return text


def _names(least: int) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        if len(names) < least:
            raise typer.BadParameter(f"at least {least} names are wanted, with commas between them")
        return names

    return read


def _price(text: str | float) -> float:
    try:
        price = float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number") from None
    if not 0 <= price < float("inf"):
        raise typer.BadParameter("a number from 0 on is wanted")
    return price


def _price_or_none(text: str) -> float | None:
    return _price(text) if text.strip() else None
