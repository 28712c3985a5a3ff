"""towpath model import, encoders"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain

if TYPE_CHECKING:
    from towpath.model.build.importing import Imported

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("import")(import_)
    group.command("encoders")(encoders)


def import_(
    folder: Annotated[Path, typer.Argument(help="of Hugging Face: config.json, tokenizer, safetensors")],
    name: Annotated[str, typer.Option(help="what to call it; what it calls itself when absent")] = "",
) -> None:
    """Make an encoder of a model in Hugging Face's format, of the BERT, DistilBERT, MPNet or RoBERTa family.

    Nothing of the folder is run and torch is not needed. The encoder is kept below the home, and in the store where
    there is one; its id follows from its content.

    Example: towpath model import all-mpnet-base-v2
    """
    from towpath.core.errors import RejectedError
    from towpath.model.build.importing import EncoderError, import_encoder
    from towpath.pipelines.encoders import ENCODERS, keep_encoder
    from towpath.pipelines.remote import chosen_store

    with errors_told():
        try:
            with console.status("building the graph"):
                made = import_encoder(folder, installed().home / ENCODERS, name=name)
        except EncoderError as error:
            raise RejectedError(str(error)) from error
        where = keep_encoder(chosen_store(None), made)
    typer.echo(_line(made))
    console.print(plain(f"in {where}; train on it: towpath train --encoder {made.encoder_id}"), highlight=False)


def encoders() -> None:
    """List the encoders that were imported into this home.

    Example: towpath model encoders
    """
    from towpath.cli.encoders import here

    with errors_told():
        for each in here():
            typer.echo(_line(each))


def _line(made: Imported) -> str:
    about = made.about
    pooled = "+".join(about["pooling"])
    told = f"{about['architecture']}, {about['hidden']} wide, {about['max_tokens']} tokens, {pooled}"
    licence = about.get("license") or "licence not told"
    return plain(f"{made.encoder_id}  {about['name']}  {told}  {licence}")
